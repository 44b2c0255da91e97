/** Where looking is this machine's own work, more instances are looked at less often. */
import { expect, test } from "vitest"
import { LeakError, TransientError } from "../../src/errors.js"
import { live, rig } from "./support.js"

test.each([
  [undefined, 100],
  [100, 2000],
])("a provider that says %s ms for each instance is looked at no sooner than after %s ms", async (eachMs, pauseMs) => {
  const at = rig()
  const { clock, provider } = at
  const look = { firstMs: 50, everyMs: 100, ...(eachMs === undefined ? {} : { eachMs }) }
  const looks: number[] = []
  const list: typeof provider.list = (selector, calls) => {
    if (live(at.world).length === 20) looks.push(clock.now())
    return provider.list(selector, calls)
  }
  const cluster = at.cluster({ provider: { ...provider, limits: { ...provider.limits, look }, list } })
  await clock.run(cluster.scale(20))
  const pauses = looks.slice(1).map((ms, index) => ms - (looks[index] ?? 0))
  expect(pauses.length).toBeGreaterThan(0)
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(pauseMs)
  if (eachMs === undefined) expect(Math.min(...pauses)).toBeLessThan(1000)
  await clock.run(cluster.close())
})

test("a close that cannot look says why", async () => {
  const at = rig()
  const { clock, provider } = at
  let isBlind = false
  const refusal = new TransientError("using /root: EMFILE: too many open files; raise its limit")
  const list: typeof provider.list = (selector, calls) =>
    isBlind ? Promise.reject(refusal) : provider.list(selector, calls)
  const cluster = at.cluster({ provider: { ...provider, list } })
  await clock.run(cluster.scale(2))
  isBlind = true
  const error = await clock.run(cluster.close({ timeout: "30s" })).catch((one: unknown) => one)
  expect(error).toBeInstanceOf(LeakError)
  expect(String(error)).toContain(`the last one failed: ${refusal.message}`)
})
