/** When one place says no: the others are used, what it said is kept, and nothing waits without need. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { type ShortfallError, SpecError } from "../../../src/errors.js"
import { simulate, type SimulateOptions } from "../../../src/simulator/index.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { live, rig, SMALL } from "../support.js"

function two(north: SimulateOptions = {}, south: SimulateOptions = {}, spec: Partial<ClusterSpec> = {}) {
  const clock = new VirtualClock()
  const [first, second] = [
    simulate({ clock, region: "north", seed: 1, ...north }),
    simulate({ clock, region: "south", seed: 2, ...south }),
  ]
  const provider = [first.provider, second.provider]
  const whole = { name: "render", provider, instanceType: SMALL, ...spec } as ClusterSpec
  const cluster = new Cluster(whole, { clock, journal: false })
  return { clock, cluster, north: first.world, south: second.world }
}

const sum = (rows: readonly { readonly count: number }[]) => rows.reduce((total, { count }) => total + count, 0)

describe.each(["ListOffers", "SetUp"])("a region that fails in %s", (api) => {
  test.each(["transient", "auth", "rejected"] as const)(
    "%s: the other one is used, and it is told why",
    async (error) => {
      const { clock, cluster, north, south } = two({}, { latency: { bootMs: 5_000 } })
      north.faults.rate(api, 1, { kind: "fail", error, message: "out of order" })
      const plan = await clock.run(cluster.plan(20))
      expect(plan.groups[0]?.calls.map(({ region }) => region)).toEqual(["south"])
      expect(plan.groups[0]?.notes.join()).toMatch(/simulated\/north cannot be used: .*out of order/)
      expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
      expect([live(north).length, live(south).length]).toEqual([0, 20])
      const [group] = cluster.explain().groups
      expect(group).toMatchObject({ running: 20, outages: [{ scope: { provider: "simulated", region: "north" } }] })
      expect(group?.outages[0]?.message).toContain("out of order")
      expect(group).not.toHaveProperty("stopped")
      expect(String(cluster.explain())).toMatch(/providers that cannot be used now:\n {4}simulated north: error/)
      north.faults.clear()
      await clock.run(cluster.close())
    },
  )

  test("what is missing then is in part missing for that reason, and the parts add up", async () => {
    const { clock, cluster, north } = two({}, { capacity: [{ count: 4 }] })
    north.faults.rate(api, 1, { kind: "fail", error: "auth", message: "no rights" })
    const error = await clock.run(cluster.scale(20).catch((thrown: unknown) => thrown as ShortfallError))
    const { shortfall, running } = error as ShortfallError
    expect([running, shortfall.count, sum(shortfall.reasons)]).toEqual([12, 8, 8])
    expect(new Set(shortfall.reasons.map(({ reason }) => reason))).toEqual(new Set(["error", "capacity"]))
    expect(shortfall.reasons.find(({ reason }) => reason === "error")).toMatchObject({ message: /no rights/ })
    await clock.run(cluster.close())
  })

  test("all of them: the group stops, with the error", async () => {
    const { clock, cluster, north, south } = two()
    for (const world of [north, south]) world.faults.rate(api, 1, { kind: "fail", error: "auth", message: "no rights" })
    await expect(clock.run(cluster.plan(20))).rejects.toThrow("no rights")
    await expect(clock.run(cluster.scale(20))).rejects.toThrow("no rights")
    expect(cluster.explain().groups[0]?.stopped).toContain("no rights")
    for (const world of [north, south]) world.faults.clear()
    expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
    await clock.run(cluster.close())
  })
})

test("a region that will not launch is left for the other one", async () => {
  const { clock, cluster, north, south } = two()
  north.faults.rate("CreateInstances", 1, { kind: "fail", error: "rejected", message: "not like this" })
  expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect([live(north).length, live(south).length, north.ledger.count("CreateInstances")]).toEqual([0, 20, 1])
  await clock.run(cluster.close())
})

test("a region that was out of order is asked again after a minute, and used", async () => {
  const { clock, cluster, north } = two({}, { capacity: [{ count: 4 }] })
  north.faults.rate("ListOffers", 1, { kind: "fail", error: "transient" })
  const scaling = cluster.scale(20, { minimum: 12 })
  expect(await clock.run(scaling)).toMatchObject({ running: 12 })
  north.faults.clear()
  await clock.run(clock.sleep(150_000))
  expect(live(north)).toHaveLength(8)
  await clock.run(cluster.close())
})

test("no ramp, and no wait between offers: each top-up goes out the moment the refusal is there, with a token of its own", async () => {
  const capacity = ["sim-1a", "sim-1b"].map((zone) => ({ zone, count: 30 }))
  const latency = { createMs: 1_000, requestMs: 100, bootMs: 10_000 }
  const { clock, world, cluster: make } = rig({ capacity, latency })
  const cluster = make()
  await clock.run(cluster.scale(100))
  const creates = world.ledger.of("CreateInstances")
  expect(creates.map(({ parameters }) => (parameters as { max: number }).max)).toEqual([100, 70, 40])
  // One list may be under way when the refusal comes: nothing else is waited for.
  for (const [index, { at }] of creates.entries()) expect(at - (creates[0]?.at ?? 0)).toBeLessThanOrEqual(index * 1_250)
  expect(new Set(creates.map(({ parameters }) => (parameters as { token: string }).token)).size).toBe(3)
  await clock.run(cluster.close())
})

test("calls that wait for a place which has refused meanwhile are not sent: the next place is asked at once", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 20, perSecond: 10 },
  }
  const capacity = [{ zone: "sim-1a", count: 0 }]
  const {
    clock,
    world,
    cluster: make,
  } = rig({ buckets, capacity, names: true, latency: { createMs: 1_000, bootMs: 5_000 } })
  const cluster = make()
  expect(await clock.run(cluster.scale(100))).toMatchObject({ running: 100 })
  const zones = world.ledger.of("PutInstance").map(({ parameters }) => (parameters as { zone: string }).zone)
  // What the bucket had let through when the first one was refused.
  expect(zones.filter((zone) => zone === "sim-1a").length).toBeLessThanOrEqual(30)
  expect(zones.filter((zone) => zone === "sim-1b")).toHaveLength(100)
  await clock.run(cluster.close())
})

test("clusters of one process and account share what was refused; a throttle and a timeout are never remembered", async () => {
  const { clock, world, cluster: make } = rig({ capacity: [{ zone: "sim-1a", count: 10 }], latency: { bootMs: 5_000 } })
  const [first, second] = [make({ name: "first" }), make({ name: "second" })]
  await clock.run(first.scale(12))
  const refused = first.explain().unavailable
  expect(refused).toMatchObject([
    { scope: { provider: "simulated", region: "sim-1", zone: "sim-1a" }, reason: "capacity" },
  ])
  expect((refused[0]?.until ?? 0) - clock.now()).toBeGreaterThan(100_000)
  const before = world.ledger.count("CreateInstances")
  await clock.run(second.scale(5))
  expect(second.explain().unavailable).toEqual(refused)
  const zones = world.ledger
    .of("CreateInstances")
    .slice(before)
    .map(({ parameters }) => (parameters as { zone: string }).zone)
  expect(zones).toEqual(["sim-1b"])
  world.faults.fail("CreateInstances", { error: "throttled", times: 3 })
  world.faults.loseReply("CreateInstances", 2)
  await clock.run(second.scale(9))
  expect(second.explain().unavailable).toEqual(refused)
  await clock.run(Promise.all([first.close(), second.close()]))
})

test("what one region refuses bars nothing of another one, however little its scope says", async () => {
  const { clock, cluster, north, south } = two()
  north.faults.fail("CreateInstances", { error: "quota", scope: {}, times: 1 })
  expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect([live(north).length, live(south).length]).toEqual([0, 20])
  await clock.run(cluster.close())
})

test("a GPU that nobody sells: the nearest names, with how many there are of each", async () => {
  const { clock, cluster: make } = rig()
  const cluster = make({ instanceType: undefined, gpu: { name: "H1OO" } } as unknown as Partial<ClusterSpec>)
  const error = await clock.run(cluster.plan(1).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(SpecError)
  expect(String(error)).toMatch(
    /cluster\.gpu: is {"name":"H1OO"}: nothing that simulated sim-1 sells .* fits; there is \w+ \(\d/,
  )
})

test("deletes go before creates: a bucket that creates wait for lets the terminations pass first", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 3, perSecond: 0.1 },
  }
  const { clock, world, cluster: make } = rig({ buckets, limits: { createBatch: 10 } })
  const [big, small] = [make({ name: "big" }), make({ name: "small" })]
  await clock.run(small.scale(5))
  const growing = big.scale(60, { timeout: "1h" })
  await clock.run(clock.sleep(1_000))
  const before = world.ledger.count()
  await clock.run(small.close())
  await clock.run(growing)
  const writes = world.ledger.entries.slice(before).filter(({ api }) => /^(Create|Terminate)Instances$/.test(api))
  expect([writes.length > 1, writes[0]?.api]).toEqual([true, "TerminateInstances"])
  await clock.run(big.close())
})

describe("return to spot", () => {
  test("when spot is back its workers come first, then as many on-demand ones go; never below the target", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ market: "spot", count: 0 }] })
    const cluster = make({ market: "spot-with-fallback", returnToSpot: "30m", maxUnavailable: 4, maxLifetime: "2d" })
    await clock.run(cluster.scale(20))
    expect(live(world).every(({ market }) => market === "on-demand")).toBe(true)
    world.setCapacity({ market: "spot" }, 1000)
    await clock.run(clock.sleep(1_700_000))
    expect(live(world).some(({ market }) => market === "spot")).toBe(false)
    let [least, most] = [20, 20]
    for (const end = clock.now() + 1_800_000; clock.now() < end; ) {
      await clock.run(clock.sleep(1_000))
      const there = live(world)
      least = Math.min(least, there.filter(({ state }) => state === "running").length)
      most = Math.max(most, there.length)
    }
    expect([least, most <= 24]).toEqual([20, true])
    expect(live(world).map(({ market }) => market)).toEqual(Array(20).fill("spot"))
    await clock.run(cluster.close())
  })

  test("at the ceiling there is no room to launch first, so nobody is exchanged", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ market: "spot", count: 0 }] })
    const cluster = make({ market: "spot-with-fallback", returnToSpot: "30m", maxWorkers: 6, maxLifetime: "2d" })
    await clock.run(cluster.scale(6))
    world.setCapacity({ market: "spot" }, 1000)
    const made = world.truth({}).length
    await clock.run(clock.sleep(7_200_000))
    expect(world.truth({}).length).toBe(made)
    await clock.run(cluster.close())
  })

  test("while spot is still out nothing is made; it is tried again only when its time has come", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ market: "spot", count: 0 }] })
    const cluster = make({ market: "spot-with-fallback", returnToSpot: "10m", maxLifetime: "2d" })
    await clock.run(cluster.scale(6))
    await clock.run(clock.sleep(3_600_000))
    const tries = world.ledger.of("CreateInstances").length
    // Three zones, each refused for three minutes, over fifty of them.
    expect(tries).toBeLessThanOrEqual(4 + 3 * 18)
    expect(live(world)).toHaveLength(6)
    await clock.run(cluster.close())
  })
})
