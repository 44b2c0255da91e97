/** The live walk on Azure, over its wire and through the real SDK. */
import { existsSync } from "node:fs"
import { expect, test } from "vitest"
import { AZURE_WORLD } from "../../../../providers/azure/wire/index.js"
import { billOf } from "../../../../src/simulator/world/bill.js"
import { assumptions, untried } from "../../../../providers/azure/live/assumptions.js"
import { expectAll, told } from "../support.js"
import { expectCleanSubscription, playWalk } from "./cloud.js"

test("all that is assumed of Azure is confirmed, and nothing is left", async () => {
  // As long as Azure takes: VMs boot in 30 to 90 s.
  const { latency = {} } = AZURE_WORLD
  const played = await playWalk({ world: { latency } })
  const { outcome, most, cloud } = played
  expectAll(outcome)
  expect([outcome.problems, outcome.left], told(outcome)).toEqual([[], []])
  await expectCleanSubscription(played)
  expect(most).toBe(3)
  expect(outcome.ms).toBeLessThan(15 * 60_000)
  // The world bills machines; their disks and addresses cost what the walk says of them.
  const { usd, seconds } = billOf(cloud.world)
  const billed = usd + (seconds / 3600) * (32 * (0.075 / 730) + 0.005)
  expect(Math.abs(outcome.usd.estimate - billed) / billed).toBeLessThan(0.2)
  expect(outcome.usd.spent).toBeLessThan(0.05)
  // What logs in, or could log in later, is in no exchange.
  const shown = JSON.stringify(outcome.exchanges)
  expect(shown).not.toMatch(/bearer|authorization"|sig=(?!\*\*\*)/i)
  expect(shown).toContain("sig=***")
  expect(outcome.exchanges.filter(({ api }) => api === "unknown")).toEqual([])
})

test("each assumption has a name of its own, and rests in files that there are", () => {
  const all = [...assumptions, ...untried]
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  for (const { id, says, code } of all) {
    expect([id, says]).toEqual([
      expect.stringMatching(/^azure(\.[a-z][a-z-]*)$/),
      expect.stringMatching(/^.{20,}[^.]$/),
    ])
    for (const path of code) expect(existsSync(path), `${id}: ${path}`).toBe(true)
  }
})
