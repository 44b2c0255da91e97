import { describe, expect, onTestFinished, test, vi } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { ClusterPlan } from "../../src/fleet/preview/cluster-plan.js"
import { simulate, type World } from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "./support.js"

/** What a ledger's create requests ask for, as a plan writes it. */
function asked(world: World) {
  return world.ledger.of("CreateInstances").map(({ api, parameters }) => {
    const { zone, instanceType, max } = parameters as { zone: string; instanceType: string; max: number }
    return [api, zone, instanceType, max]
  })
}

const planned = (plan: ClusterPlan, region = "sim-1") =>
  plan.groups
    .flatMap((group) => group.calls)
    .filter((call) => call.region === region)
    .map(({ api, zone, instanceTypes, count }) => [api, zone, instanceTypes.join(), count])

test("plan says which calls a target would make, in which order offers are tried, at which price, and makes none", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const plan = await clock.run(cluster.plan(600))
  expect(plan.groups).toMatchObject([{ group: "default", desired: 600, existing: 0, surplus: 0, etaMs: 0 }])
  const [group] = plan.groups
  expect(group?.calls.map((call) => [call.api, call.zone, call.count])).toEqual([
    ["CreateInstances", "sim-1a", 250],
    ["CreateInstances", "sim-1a", 250],
    ["CreateInstances", "sim-1a", 100],
  ])
  expect(group?.offers.map((offer) => offer.zone)).toEqual(["sim-1a", "sim-1b", "sim-1c"])
  expect(group?.pricePerHour).toBeCloseTo(12)
  expect(world.truth({})).toEqual([])
  await clock.run(cluster.scale(600))
  expect(asked(world)).toEqual(planned(plan))
  expect(await clock.run(cluster.plan(10))).toMatchObject({ groups: [{ existing: 600, surplus: 590, calls: [] }] })
  await clock.run(cluster.close())
})

describe("scale does exactly what plan says", () => {
  const groups = { a: { vcpus: { min: 2, max: 4 } }, b: { instanceType: "m1.large", spread: "zones" } } as const
  const rows: readonly (readonly [string, Partial<ClusterSpec>, readonly (number | Record<string, number>)[]])[] = [
    ["over zones", { spread: "zones" }, [1000]],
    ["over zones, then topped up, then down", { spread: "zones" }, [10, 11, 500, 3]],
    ["spot with fallback", { market: "spot-with-fallback" }, [300, 600]],
    ["as listed", { order: "as-listed", instanceType: ["m1.large", "s1.small"] }, [251]],
    [
      "several groups",
      { instanceType: undefined, groups },
      [
        { a: 100, b: 301 },
        { a: 400, b: 302 },
      ],
    ],
  ] as never
  test.each(rows)("%s", async (_title, spec, targets) => {
    const { clock, world, cluster: make } = rig()
    const { instanceType, ...rest } = { instanceType: "s1.small", ...spec }
    const cluster = make({ ...(instanceType === undefined ? {} : { instanceType }), ...rest } as Partial<ClusterSpec>)
    for (const target of targets) {
      const plan = await clock.run(cluster.plan(target))
      const before = asked(world).length
      await clock.run(cluster.scale(target))
      expect(asked(world).slice(before)).toEqual(planned(plan))
    }
    await clock.run(cluster.close())
    expect(live(world)).toEqual([])
  })

  test("a zone that was out when the group began is filled up to the others", async () => {
    const { clock, world, cluster: make } = rig({ capacity: [{ zone: "sim-1c", count: 0 }] })
    const cluster = make({ spread: "zones" })
    await clock.run(cluster.scale(30))
    world.setCapacity({ zone: "sim-1c" }, 1000)
    await clock.run(clock.sleep(200_000))
    const plan = await clock.run(cluster.plan(45))
    const before = asked(world).length
    await clock.run(cluster.scale(45))
    expect(asked(world).slice(before)).toEqual(planned(plan))
    const counts = ["sim-1a", "sim-1b", "sim-1c"].map((zone) => live(world).filter((one) => one.zone === zone).length)
    expect(counts).toEqual([15, 15, 15])
    await clock.run(cluster.close())
  })

  test("over regions, each with its own price", async () => {
    const clock = new VirtualClock()
    const region = (name: string, price: number) =>
      simulate({
        clock,
        region: name,
        types: [{ name: "t", family: "f", vcpus: 2, memoryGiB: 4, arch: "x86_64", price: { "on-demand": price } }],
      })
    const [north, south] = [region("north", 0.2), region("south", 0.1)]
    const spec = { provider: [north.provider, south.provider], instanceType: "t" }
    for (const [order, first] of [
      ["cheapest", "south"],
      ["as-listed", "north"],
    ] as const) {
      const cluster = new Cluster({ ...spec, order }, { clock, journal: false })
      const plan = await clock.run(cluster.plan(300))
      const before = [asked(north.world).length, asked(south.world).length] as const
      await clock.run(cluster.scale(300))
      expect(asked(north.world).slice(before[0])).toEqual(planned(plan, "north"))
      expect(asked(south.world).slice(before[1])).toEqual(planned(plan, "south"))
      expect(planned(plan, first)).toHaveLength(2)
      await clock.run(cluster.close())
    }
  })
})

test("a batch larger than the tokens left is made smaller: what there is comes at once, the rest as it flows back", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    instances: { kind: "token" as const, capacity: 300, perSecond: 2 },
  }
  const latency = { createMs: 100, bootMs: 1000 }
  const { clock, world, cluster: make } = rig({ buckets, latency })
  const cluster = make()
  const plan = await clock.run(cluster.plan(400))
  expect(planned(plan).map(([, , , count]) => count)).toEqual([250, 50, 100])
  const begun = clock.now()
  await clock.run(cluster.scale(400))
  expect(asked(world)).toEqual(planned(plan))
  const sent = world.ledger.of("CreateInstances").map(({ at }) => Math.round((at - begun) / 1000))
  expect(sent.slice(0, 2)).toEqual([0, 0])
  expect(sent[2]).toBeGreaterThanOrEqual(50)
  expect(world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
  await clock.run(cluster.close())
})

test("plan names a quota that will not be enough, and a price that is not known", async () => {
  const quotas = [{ name: "standard vCPUs", family: "standard", market: "on-demand" as const, vcpus: 8 }]
  const types = [{ name: "odd", family: "standard", vcpus: 2, memoryGiB: 4, arch: "x86_64" as const }]
  const { clock, cluster: make } = rig({ quotas, types })
  const plan = await clock.run(make({ instanceType: "odd" }).plan(10))
  const [group] = plan.groups
  expect(group?.notes).toContain("standard vCPUs leaves 8 of 8 vCPU; this needs 20")
  expect(group?.headroom).toMatchObject([{ name: "standard vCPUs", limit: 8, used: 0 }])
  expect(group?.pricePerHour).toBeUndefined()
  expect(group?.price).toEqual({ unpriced: 10, isPartial: true })
  expect(String(plan)).toMatch(/price not known/)
  expect(String(plan)).toMatch(/price per hour: \d+ workers without a known price/)
})

test("prices: least, expected and worst of all that may be tried; what has no price marks every sum", async () => {
  const type = { family: "f", vcpus: 2, memoryGiB: 4, arch: "x86_64" as const }
  const types = [
    { ...type, name: "t", price: { "on-demand": 0.4, spot: 0.1 } },
    { ...type, name: "u", price: { "on-demand": 0.5 } },
  ]
  const { clock, cluster: make } = rig({ types })
  const whole = await clock.run(make({ instanceType: "t", market: "spot-with-fallback" }).plan(10))
  expect(whole.groups[0]?.price).toEqual({ least: 1, expected: 1, worst: 4, unpriced: 0, isPartial: false })
  expect(String(whole)).toContain("expected $1.00, least $1.00, worst $4.00\n")
  const partial = await clock.run(make({ instanceType: ["t", "u"], market: "spot-with-fallback" }).plan(10))
  expect(partial.groups[0]?.price).toMatchObject({ expected: 1, worst: 5, isPartial: true })
  expect(String(partial)).toContain("worst $5.00+ (+: some offers have no price)")
})

test("a plan reads like a table: calls, offers in order with their prices, when the last call is sent", async () => {
  const { clock, cluster: make } = rig()
  const cluster = make({ name: "render", market: "spot-with-fallback" })
  const lines = String(await clock.run(cluster.plan(600))).split("\n")
  expect(lines.slice(0, 7).map((line) => line.replace(/ +/g, " "))).toEqual([
    'plan for "render"',
    "",
    "group default: 600 wanted, 0 there or on their way, 600 to launch",
    " launch calls:",
    " 2 × simulated sim-1 CreateInstances sim-1a s1.small spot 250 each",
    " 1 × simulated sim-1 CreateInstances sim-1a s1.small spot 100 each",
    " offers, in the order in which they are tried:",
  ])
  expect(lines.filter((line) => /^ {4}\d {2}simulated sim-1/.test(line))).toHaveLength(6)
  expect(lines).toContain("  last call sent within: a second")
})

test("what was refused a while ago is shown as not to be tried, and until when", async () => {
  const { clock, cluster: make } = rig({ capacity: [{ zone: "sim-1a", count: 5 }] })
  const cluster = make()
  await clock.run(cluster.scale(10))
  const plan = await clock.run(cluster.plan(20))
  expect(plan.groups[0]?.barred.map(({ offer }) => offer.zone)).toEqual(["sim-1a"])
  expect(planned(plan)).toEqual([["CreateInstances", "sim-1b", "s1.small", 10]])
  expect(String(plan)).toMatch(/sim-1a .*not now \(.*\); again in [23] min/)
  await clock.run(cluster.close())
})

test("the time that the limits need is told before, and is kept", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 4, perSecond: 0.5 },
  }
  const { clock, world, cluster: make } = rig({ buckets, latency: { createMs: 100, bootMs: 1000 } })
  const cluster = make()
  const plan = await clock.run(cluster.plan(250 * 30))
  const begun = clock.now()
  await clock.run(cluster.scale(250 * 30))
  const last = (world.ledger.of("CreateInstances").at(-1)?.at ?? 0) - begun
  expect(plan.etaMs).toBe(plan.groups[0]?.etaMs)
  expect(Math.abs(last - plan.etaMs) / last).toBeLessThan(0.1)
  expect(world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
  await clock.run(cluster.close())
})

test("plans, and hours of trying for what is sold out, leave nothing in the cluster's signal", async () => {
  const { clock, cluster: make } = rig({ capacity: [{ count: 1 }] })
  const cluster = make({ maxLifetime: "2d" })
  await clock.run(cluster.scale(1))
  // Each of them would stay, on Node 20 for as long as the cluster is held.
  const several = vi.spyOn(AbortSignal, "any")
  onTestFinished(() => several.mockRestore())
  for (let count = 2; count < 5; count += 1) await clock.run(cluster.plan(count))
  const short = await clock.run(cluster.scale(30, { timeout: "5m" }).catch((error: unknown) => error))
  expect(String(short)).toMatch(/ShortfallError/)
  await clock.run(clock.sleep(6 * 3_600_000))
  expect(several).not.toHaveBeenCalled()
  await clock.run(cluster.close())
})
