/** Asking for more than one place has: what it takes to find all there is, and how soon it is said when there is no more. */
import { describe, expect, test } from "vitest"
import { ShortfallError } from "../../../src/errors.js"
import type { TypeSpec } from "../../../src/simulator/stock/catalogue.js"
import { scarce, twelve } from "../../support/scarcity.js"
import { live, rig } from "../support.js"

const ZONES = ["sim-1a", "sim-1b", "sim-1c"] as const
const TYPES: readonly TypeSpec[] = ["t1", "t2", "t3", "t4"].map((name, index) => ({
  name,
  family: name,
  vcpus: 2,
  memoryGiB: 4,
  arch: "x86_64",
  price: { "on-demand": 0.1 + index / 100, spot: 0.03 + index / 100 },
}))
const POOLS = twelve(
  ZONES,
  TYPES.map(({ name }) => name),
)
const spec = { instanceType: TYPES.map(({ name }) => name) }

const sum = (rows: readonly { readonly count: number }[]) => rows.reduce((total, { count }) => total + count, 0)

describe.each(["cheapest", "as-listed", "fewest-calls"] as const)("order %s", (order) => {
  test("a hundred slots in twelve pools: all of them, with at most one refused call for each empty pool", async () => {
    const { clock, world, cluster: make } = rig({ types: TYPES, capacity: scarce(POOLS, 100) })
    const cluster = make({ ...spec, order })
    expect(await clock.run(cluster.scale(100))).toMatchObject({ running: 100, shortfall: { count: 0 } })
    const refused = world.ledger.of("CreateInstances").filter(({ outcome }) => outcome !== "ok")
    const pools = refused.map(({ parameters }) => {
      const { zone, instanceType } = parameters as { zone: string; instanceType: string }
      return `${zone}/${instanceType}`
    })
    expect(new Set(pools).size).toBe(pools.length)
    expect(world.ledger.count("CreateInstances")).toBeLessThanOrEqual(12)
    await clock.run(cluster.close())
    expect(live(world)).toEqual([])
  })

  test("ninety slots: ninety run, ten are missing, the reasons add up, and it is said within a minute", async () => {
    const { clock, cluster: make } = rig({ types: TYPES, capacity: scarce(POOLS, 90), latency: { bootMs: 20_000 } })
    const cluster = make({ ...spec, order })
    const begun = clock.now()
    const error = await clock.run(cluster.scale(100).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(ShortfallError)
    const { running, shortfall } = error as ShortfallError
    expect([running, shortfall.count, sum(shortfall.reasons)]).toEqual([90, 10, 10])
    for (const reason of shortfall.reasons) {
      expect(reason).toMatchObject({
        reason: "capacity",
        retryAt: expect.any(Number),
        advice: expect.stringMatching(/^add /),
      })
    }
    // Twelve refusals of 2.5 s at most, one boot, and the looks between.
    expect(clock.now() - begun).toBeLessThan(60_000)
    expect(cluster.explain().groups[0]?.shortfall).toMatchObject({ count: 10 })
    await clock.run(cluster.close())
  })
})

test("spot with fallback: all spot there is, the rest on demand, and nothing is asked twice", async () => {
  const spot = scarce(POOLS, 60).map((row) => ({ ...row, market: "spot" as const }))
  const { clock, world, cluster: make } = rig({ types: TYPES, capacity: spot })
  const cluster = make({ ...spec, market: "spot-with-fallback" })
  expect(await clock.run(cluster.scale(100))).toMatchObject({ running: 100 })
  const markets = live(world).map(({ market }) => market)
  expect(markets.filter((market) => market === "spot")).toHaveLength(60)
  const tokens = world.ledger.of("CreateInstances").map(({ parameters }) => (parameters as { token: string }).token)
  expect(new Set(tokens).size).toBe(tokens.length)
  await clock.run(cluster.close())
})

test("limits so slow that the first refusals are forgotten before the last offers had their turn: those still have it", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 2, perSecond: 0.01 },
  }
  const capacity = [{ zone: "sim-1c", instanceType: "t4", count: 50 }, { count: 0 }]
  const { clock, world, cluster: make } = rig({ types: TYPES, capacity, buckets })
  const cluster = make({ ...spec, order: "as-listed" })
  expect(await clock.run(cluster.scale(50, { timeout: "2h" }))).toMatchObject({ running: 50 })
  expect(world.ledger.count("CreateInstances")).toBe(12)
  await clock.run(cluster.close())
})
