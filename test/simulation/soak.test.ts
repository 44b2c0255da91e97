/** A long day: memory is flat, no timer and no listener is left, calls stay within the buckets. */
import { expect, test } from "vitest"
import { RESTLESS_SHARE, soak, tableOf } from "./soak.js"

/** `npm run soak`: the day of the claim. Without it, a short one. */
const isWhole = process.env.MUSTER_SOAK === "1"
const OPTIONS = isWhole ? { workers: 10_000, hours: 24, seed: 1 } : { workers: 200, hours: 3, seed: 1 }
const PATIENCE_MS = 3 * 3_600_000

/** What one instance that is gone may leave: its line in the receipt, and the world's own memory of it. */
const KEPT_KB = 8
/** A quiet hour keeps nothing; so much is what the engine itself moves about. */
const NOISE_MB = 6

test(`${OPTIONS.workers} workers for ${OPTIONS.hours} virtual hours`, { timeout: PATIENCE_MS }, async () => {
  const tell = isWhole ? (words: string) => process.stderr.write(`${words}\n`) : () => {}
  const soaked = await soak({ ...OPTIONS, tell })
  console.log(tableOf(soaked))
  const { hours, receipt, made, left, timers, listeners, overdrawn } = soaked
  const [first] = hours
  const last = hours.at(-1)
  const quiet = hours.filter(({ hour }) => hour > OPTIONS.hours * RESTLESS_SHARE)
  if (first === undefined || last === undefined) throw new Error("no hour has passed")

  expect(made).toBeGreaterThan(OPTIONS.workers)
  expect(receipt.instances.length).toBe(made)
  expect([left, receipt.leaked.length, timers, listeners]).toEqual([0, 0, 0, 0])
  expect(overdrawn).toEqual([])
  for (const { running } of quiet.slice(1)) expect(running).toBe(OPTIONS.workers)

  const keptKb = ((last.heapMb - first.heapMb) * 1024) / Math.max(1, last.made - first.made)
  if (last.made - first.made > 1_000) expect(keptKb).toBeLessThan(KEPT_KB)
  // The first quiet hour still replaces what was taken in the one before.
  expect(last.heapMb - (quiet[0]?.heapMb ?? 0)).toBeLessThan(NOISE_MB)
  // As many timers as there are waits, not as there are workers or hours.
  for (const hour of hours) expect(hour.timers).toBeLessThan(200)
})
