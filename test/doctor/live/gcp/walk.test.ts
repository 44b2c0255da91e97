/** The live walk of Compute Engine over its wire: all holds, and nothing is left. */
import { expect, test } from "vitest"
import { assumptions, untried } from "../../../../providers/gcp/live/assumptions.js"
import { gceWorld, LIES } from "../../../../providers/gcp/wire/index.js"
import { chargesOf } from "../../../../src/simulator/world/bill.js"
import type { World } from "../../../../src/simulator/index.js"
import { expectAll, expectNothingLeft } from "../support.js"
import { BESIDES, GUEST_LIES, walkOnGce } from "./scene.js"

const LEAST_S = 60

/** What the world's machines came to, with their disks and addresses, which it does not bill itself. */
function billed(world: World): number {
  return chargesOf(world, LEAST_S).reduce((sum, { id, usd, seconds }) => {
    const { market } = world.instance(id) ?? { market: "spot" }
    return sum + usd + (usd === 0 ? 0 : (Math.max(LEAST_S, seconds) * BESIDES[market]) / 3_600)
  }, 0)
}

test("all is confirmed within the time and the price of a walk, and nothing is left", async () => {
  const { latency = {} } = gceWorld()
  const world = { latency, listLagMs: [0, 3_000] } as const
  const auth = { getRequestHeaders: async () => ({ authorization: "Bearer planted", "x-goog-api-key": "planted" }) }
  const wire = { operationMs: [3_000, 15_000], token: "planted" } as const
  const { cloud, outcome, most } = await walkOnGce({ world, wire, gcp: { auth } })
  expectAll(outcome)
  expectNothingLeft(cloud.world)
  expect([outcome.left, outcome.problems]).toEqual([[], []])
  expect(most).toBeLessThanOrEqual(3)
  expect(outcome.ms).toBeLessThanOrEqual(15 * 60_000)
  const { estimate } = outcome.usd
  expect(Math.abs(estimate / billed(cloud.world) - 1)).toBeLessThanOrEqual(0.2)
  // No credential is told to the tap, and each exchange has its name.
  expect(outcome.exchanges.length).toBeGreaterThan(100)
  expect(JSON.stringify(outcome)).not.toContain("planted")
  expect(outcome.exchanges.filter(({ api }) => !/^[a-zA-Z]+(\.[a-zA-Z]+)+$/.test(api))).toEqual([])
})

test("each assumption has one switch, and each switch an assumption", () => {
  const ids = assumptions.map(({ id }) => id)
  expect([...Object.keys(LIES), ...Object.keys(GUEST_LIES)].sort()).toEqual([...ids].sort())
  const all = [...ids, ...untried.map(({ id }) => id)]
  expect(new Set(all).size).toBe(all.length)
})
