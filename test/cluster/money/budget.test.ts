import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { BudgetError, ShortfallError, SpecError } from "../../../src/errors.js"
import type { EventOf } from "../../../src/events.js"
import { billOf } from "../../../src/simulator/world/bill.js"
import { World, worldProvider } from "../../../src/simulator/index.js"
import { live, rig, SMALL } from "../support.js"

/** USD an hour of the simulated cloud's types. */
const [SMALL_USD, LARGE_USD] = [0.02, 0.1]
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

const creates = (world: ReturnType<typeof rig>["world"]) => world.ledger.count("CreateInstances")
const sumOf = (reasons: readonly { count: number }[]) => reasons.reduce((sum, { count }) => sum + count, 0)

describe("per hour", () => {
  test("a target that is too dear in the best case is refused before any create call, and changes nothing", async () => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ budget: { perHour: 10 * SMALL_USD } })
    await clock.run(cluster.scale(4))
    const error = await clock.run(cluster.scale(11).catch((thrown: unknown) => thrown))
    expect(error).toBeInstanceOf(BudgetError)
    expect(String(error)).toContain("$0.22 an hour at least (7 × s1.small at $0.02), above budget.perHour $0.20")
    expect(creates(world)).toBe(1)
    expect(cluster.group("default").desired).toBe(4)
    expect(await clock.run(cluster.scale(10))).toMatchObject({ running: 10, shortfall: { count: 0 } })
    await clock.run(cluster.close())
  })

  test("nothing but offers is read before the first refusal", async () => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ budget: { perHour: 1 } })
    await expect(clock.run(cluster.scale(51))).rejects.toThrow(BudgetError)
    expect([...new Set(world.ledger.entries.map(({ api }) => api))]).toEqual(["ListOffers"])
    await clock.run(cluster.close())
  })

  test("fail-over into a dearer offer is cut, and the shortfall adds up with the reason budget", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ instanceType: SMALL, zone: "sim-1a", count: 6 }] })
    const cluster = make({ zones: ["sim-1a"], instanceType: [SMALL, "m1.large"], budget: { perHour: 0.5 } })
    const error = (await clock.run(cluster.scale(12).catch((thrown: unknown) => thrown))) as ShortfallError
    expect(error).toBeInstanceOf(ShortfallError)
    // 6 × 0.02 leave 0.38: three at 0.10.
    expect([error.running, error.shortfall.count, sumOf(error.shortfall.reasons)]).toEqual([9, 3, 3])
    expect(error.shortfall.reasons).toMatchObject([{ reason: "budget", code: "BudgetPerHour", count: 3 }])
    expect(error.message).toContain("budget.perHour is $0.50 and $0.42 is taken; 3 more (m1.large, on-demand, $0.10")
    expect(cluster.cost().perHour).toBeCloseTo(6 * SMALL_USD + 3 * LARGE_USD, 10)
    expect(live(world)).toHaveLength(9)
    await clock.run(cluster.close())
  })

  test("cheap pools that come back are used within what is left", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ instanceType: SMALL, zone: "sim-1a", count: 6 }] })
    const cluster = make({ zones: ["sim-1a"], instanceType: [SMALL, "m1.large"], budget: { perHour: 0.5 } })
    await clock.run(cluster.scale(12, { minimum: 9 }))
    world.setCapacity({ instanceType: SMALL }, 100)
    await clock.run(clock.sleep(10 * MINUTE_MS))
    expect(live(world)).toHaveLength(12)
    expect(cluster.cost().perHour).toBeLessThanOrEqual(0.5 + 1e-9)
    await clock.run(cluster.close())
  })

  test("groups share it: what one takes is not there for the other", async () => {
    const { clock, cluster: make } = rig({ capacity: [{ instanceType: SMALL, count: 0 }] })
    const groups = { a: { instanceType: [SMALL, "m1.large"] }, b: { instanceType: [SMALL, "m1.large"] } }
    const cluster = make({ instanceType: undefined, groups, budget: { perHour: 1 } } as never)
    const result = await clock.run(cluster.scale({ a: 8, b: 8 }, { minimum: 1 }))
    expect(result).toMatchObject({ running: 10, shortfall: { count: 6 } })
    expect(sumOf(result.shortfall.reasons)).toBe(6)
    await clock.run(cluster.close())
  })

  test("an offer of unknown price is refused, or allowed and told", async () => {
    const types = [{ name: "x1", family: "f", vcpus: 1, memoryGiB: 1, arch: "x86_64" as const }]
    const { clock, world, cluster: make } = rig({ types })
    const careful = make({ instanceType: "x1", budget: { perHour: 1 } })
    await expect(clock.run(careful.scale(1))).rejects.toThrow("no offer for group default has a known price")
    expect(creates(world)).toBe(0)
    await clock.run(careful.close())
    const careless = make({ instanceType: "x1", budget: { perHour: 1, unpriced: "allow" } })
    expect(await clock.run(careless.scale(3))).toMatchObject({ running: 3 })
    expect(careless.cost()).toMatchObject({ soFar: 0, perHour: 0, unpriced: 3 })
    const receipt = await clock.run(careless.close())
    expect(receipt).toMatchObject({ unpriced: 3, estimate: true })
    expect(receipt).not.toHaveProperty("cost")
  })
})

/** Lists are never late, so that a bill begins at the last look that showed a worker not running yet. */
const PROMPT = {
  listLagMs: 0,
  limits: { consistencyMs: 0 },
  latency: { bootMs: 20_000, requestMs: 10 },
} as const

describe("total", () => {
  test("ends the cluster at the second at which it is reached, and refuses what comes after", async () => {
    const { clock, world, cluster: make } = rig(PROMPT)
    const cluster = make({ budget: { total: 0.5 } })
    const said: EventOf<"budget">[] = []
    cluster.on("budget", (event) => said.push(event))
    await clock.run(cluster.scale(10))
    // 10 × 0.02 USD an hour: two and a half hours.
    const [first] = live(world)
    const runningAt = first?.runningAt ?? 0
    await clock.run(clock.sleep(3 * HOUR_MS))
    expect(live(world)).toEqual([])
    const ended = world.truth().map(({ leftAt = 0 }) => leftAt)
    const expected = runningAt + 2.5 * HOUR_MS
    for (const at of ended) expect(Math.abs(at - expected)).toBeLessThan(6000)
    expect(billOf(world).usd).toBeLessThanOrEqual(0.5 + 1e-6)
    expect(said).toMatchObject([{ limit: "BudgetTotal", reached: true }])
    await expect(clock.run(cluster.scale(1))).rejects.toThrow(/budget.total \$0.50 is reached/)
    expect(await clock.run(cluster.scale(0))).toMatchObject({ running: 0 })
    expect(String(cluster.explain())).toContain("next: nothing: cluster")
    expect((await clock.run(cluster.plan(1))).groups[0]?.notes.join()).toMatch(/scale would refuse this: .* is reached/)
    const receipt = await clock.run(cluster.close())
    expect(receipt.cost).toBeCloseTo(0.5, 3)
  })

  test("each worker keeps the price it was launched at, and the moment is that of all of them together", async () => {
    const { clock, world, cluster: make, provider } = rig(PROMPT)
    let factor = 1
    const changing: typeof provider = {
      ...provider,
      offers: async (query, calls) => {
        const offers = await provider.offers(query, calls)
        return offers.map((offer) => ({ ...offer, pricePerHour: (offer.pricePerHour ?? 0) * factor }))
      },
    }
    const cluster = make({ provider: changing, groups: { early: {}, late: {} }, budget: { total: 1 } })
    await clock.run(cluster.scale({ early: 10 }))
    await clock.run(clock.sleep(HOUR_MS))
    factor = 5
    await clock.run(cluster.scale({ late: 2 }))
    const [runningAt, lateAt] = [0, 10].map((index) => world.truth()[index]?.runningAt ?? 0)
    const price = (group: string) => cluster.group(group).workers[0]?.pricePerHour
    expect([price("early"), price("late")]).toEqual([SMALL_USD, 5 * SMALL_USD])
    await clock.run(clock.sleep(3 * HOUR_MS))
    // 0.20 USD an hour until the second group runs, 0.40 from then on.
    const spent = ((lateAt ?? 0) - (runningAt ?? 0)) * 0.2
    const expected = (lateAt ?? 0) + (HOUR_MS - spent) / 0.4
    for (const { leftAt = 0 } of world.truth()) expect(Math.abs(leftAt - expected)).toBeLessThan(6000)
    const receipt = await clock.run(cluster.close())
    expect(receipt.cost).toBeCloseTo(1, 3)
    expect(receipt.costByGroup.late).toBeCloseTo((receipt.cost ?? 0) - (receipt.costByGroup.early ?? 0), 10)
    expect(receipt.prices).toHaveLength(1)
  })

  test("what is billed at least counts: the last cent is not spent on a start", async () => {
    const { clock, world, cluster: make, provider } = rig()
    const billed = { ...provider, limits: { ...provider.limits, leastBilledSeconds: 60 } }
    const minute = LARGE_USD / 60
    const cluster = make({ provider: billed, instanceType: "m1.large", budget: { total: 10.5 * minute } })
    await expect(clock.run(cluster.scale(11))).rejects.toThrow(
      /it costs \$0.0183 at least .*above budget.total \$0.0175/,
    )
    expect(await clock.run(cluster.scale(10))).toMatchObject({ running: 10 })
    await clock.run(clock.sleep(10 * MINUTE_MS))
    expect(live(world)).toEqual([])
    expect(billOf(world, 60).usd).toBeLessThanOrEqual(10.5 * minute + 1e-9)
    await clock.run(cluster.close())
  })

  test("what came and went between two looks is billed, and counts", async () => {
    const latency = { requestMs: 100, createMs: 1_000, bootMs: 21_000, stopMs: 5_000 }
    const clock = new VirtualClock()
    const world = new World({ clock, listLagMs: 0, latency })
    const provider = worldProvider(world, { overrides: { leastBilledSeconds: 60, bootMs: 180_000 } })
    const spec = { provider, instanceType: SMALL, budget: { total: 1 } }
    const cluster = new Cluster(spec, { clock, journal: false })
    const scaling = cluster.scale(50).catch((error: unknown) => error)
    const allRun = async () => {
      while (world.truth({ states: ["running"] }).length < 50) await clock.sleep(100)
    }
    await clock.run(allRun())
    expect(cluster.workers.every(({ state }) => state === "pending")).toBe(true)
    // While they run and no look has shown it, too.
    expect(cluster.cost().soFar).toBeCloseTo((50 * SMALL_USD) / 60, 6)
    await clock.run(Promise.all([scaling, cluster.scale(0)]))
    expect(cluster.cost().soFar).toBeCloseTo((50 * SMALL_USD) / 60, 6)
    const { cost } = await clock.run(cluster.close())
    expect(cost).toBeCloseTo((50 * SMALL_USD) / 60, 6)
  })

  test("again and again: the total is reached by what no look has ever shown to run", async () => {
    const latency = { requestMs: 100, createMs: 1_000, bootMs: 21_000, stopMs: 5_000 }
    const clock = new VirtualClock()
    const world = new World({ clock, listLagMs: 0, latency })
    const provider = worldProvider(world, { overrides: { leastBilledSeconds: 60, bootMs: 180_000 } })
    const minute = LARGE_USD / 60
    const spec = { provider, instanceType: "m1.large", budget: { total: 25 * minute } }
    const cluster = new Cluster(spec, { clock, journal: false })
    const states = new Set<string>()
    cluster.on("worker", ({ to }) => states.add(to))
    const outcomes: unknown[] = []
    for (let round = 0; round < 3; round += 1) {
      const born = world.truth().length
      const scaling = cluster.scale(10).catch((error: unknown) => outcomes.push(error))
      const allRun = async () => {
        while (outcomes.length === 0 && world.truth({ states: ["running"] }).length < 10) await clock.sleep(100)
      }
      await clock.run(allRun())
      await clock.run(Promise.all([scaling, cluster.scale(0)]))
      expect(world.truth().length - born).toBe(round < 2 ? 10 : 0)
    }
    expect(states).not.toContain("running")
    // Twenty minutes are spent, and ten more do not fit.
    expect(outcomes).toMatchObject([{ name: "BudgetError" }])
    const { cost } = await clock.run(cluster.close())
    expect(cost).toBeCloseTo(20 * minute, 8)
    expect(cost).toBeCloseTo(billOf(world, 60).usd, 8)
  })

  test("a scale that waits when it is reached is rejected, not told that zero is what it wanted", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ instanceType: SMALL, count: 4 }] })
    const cluster = make({ zones: ["sim-1a"], budget: { total: 0.02 } })
    const outcome = await clock.run(cluster.scale(6, { timeout: "3h" }).catch((thrown: unknown) => thrown))
    expect(outcome).toBeInstanceOf(ShortfallError)
    const waiting = cluster.scale(5, { minimum: 5, timeout: "3h" }).catch((thrown: unknown) => thrown)
    world.setLatency({ bootMs: 10 * HOUR_MS })
    world.setCapacity({ instanceType: SMALL }, 100)
    await clock.run(clock.sleep(2 * HOUR_MS))
    expect(await clock.run(waiting)).toBeInstanceOf(Error)
    expect(live(world)).toEqual([])
    await clock.run(cluster.close())
  })

  test("it ends on time while a list does not answer", async () => {
    const { clock, world, cluster: make } = rig({ latency: { bootMs: 20_000 } })
    const cluster = make({ budget: { total: 0.1 } })
    await clock.run(cluster.scale(10))
    const runningAt = live(world)[0]?.runningAt ?? 0
    world.faults.rate("ListInstances", 1, { kind: "hang" })
    await clock.run(clock.sleep(HOUR_MS))
    const late = world.truth().map(({ leftAt = Number.POSITIVE_INFINITY }) => leftAt - runningAt - HOUR_MS / 2)
    expect(Math.max(...late)).toBeLessThan(10_000)
    world.faults.clear()
    await clock.run(cluster.close())
  })
})

describe("until", () => {
  test("everything goes at that moment, whatever it has cost; one that is past is a slip", async () => {
    const { clock, world, cluster: make } = rig()
    const until = new Date(clock.now() + HOUR_MS)
    const cluster = make({ budget: { until } })
    await clock.run(cluster.scale(5))
    await clock.run(clock.sleep(until.getTime() - clock.now() - 1))
    expect(live(world)).toHaveLength(5)
    await clock.run(clock.sleep(1000))
    expect(live(world)).toEqual([])
    await expect(clock.run(cluster.scale(1))).rejects.toThrow(/budget.until 2026-01-01T01:00:00.000Z is reached/)
    await clock.run(cluster.close())
    expect(() => make({ budget: { until: "2025-12-31T23:59:00Z" } })).toThrow(SpecError)
    expect(() => make({ budget: { until: "2025-12-31T23:59:00Z" } })).toThrow(/cluster.budget.until.* \d+ s ago/)
  })
})

describe("maxWorkers", () => {
  test("a target above it is refused before any call", async () => {
    const { clock, world, cluster: make } = rig()
    const cluster = make({ maxWorkers: 100 })
    await expect(clock.run(cluster.scale(200))).rejects.toThrow(/is 200 in all, above maxWorkers 100/)
    expect(world.ledger.count()).toBe(0)
    await clock.run(cluster.close())
  })

  test.each([
    { maxWorkers: 20, most: 20 },
    { maxWorkers: 25, most: 25 },
  ])("under interruptions there are never more than $maxWorkers", async ({ maxWorkers, most }) => {
    const { clock, world, cluster: make } = rig({ seed: 3 })
    const cluster = make({ market: "spot", maxWorkers })
    let highest = 0
    cluster.on("*", () => {
      highest = Math.max(highest, live(world).length)
    })
    await clock.run(cluster.scale(20))
    world.faults.storm({ share: 0.5, withinMs: 5 * MINUTE_MS })
    await clock.run(clock.sleep(15 * MINUTE_MS))
    expect(cluster.workers.filter(({ state }) => state === "running")).toHaveLength(20)
    expect(world.truth().length).toBeGreaterThan(20)
    expect(highest).toBeLessThanOrEqual(most)
    if (maxWorkers > 20) expect(highest).toBeGreaterThan(20)
    await clock.run(cluster.close())
  })
})
