import { expect, test } from "vitest"
import { rig } from "./support.js"

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
  const made = world.ledger.of("CreateInstances").map(({ api, parameters }) => {
    const { zone, max } = parameters as { zone: string; max: number }
    return [api, zone, max]
  })
  expect(made).toEqual(group?.calls.map((call) => [call.api, call.zone, call.count]))
  expect(await clock.run(cluster.plan(10))).toMatchObject({ groups: [{ existing: 600, surplus: 590, calls: [] }] })
  await clock.run(cluster.close())
})

test("plan names a quota that will not be enough, and a price that is not known", async () => {
  const quotas = [{ name: "standard vCPUs", family: "standard", market: "on-demand" as const, vcpus: 8 }]
  const types = [{ name: "odd", family: "standard", vcpus: 2, memoryGiB: 4, arch: "x86_64" as const }]
  const { clock, cluster: make } = rig({ quotas, types })
  const { groups } = await clock.run(make({ instanceType: "odd" }).plan(10))
  expect(groups[0]?.notes).toContain("standard vCPUs leaves 8 of 8 vCPU; this needs 20")
  expect(groups[0]?.headroom).toMatchObject([{ name: "standard vCPUs", limit: 8, used: 0 }])
  expect(groups[0]?.pricePerHour).toBeUndefined()
})

test("the time that the limits need is told before, and is kept", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 4, perSecond: 0.5 },
  }
  const { clock, world, cluster: make } = rig({ buckets, latency: { createMs: 100, bootMs: 1000 } })
  const cluster = make()
  const { groups } = await clock.run(cluster.plan(250 * 30))
  const begun = clock.now()
  await clock.run(cluster.scale(250 * 30))
  const last = (world.ledger.of("CreateInstances").at(-1)?.at ?? 0) - begun
  const eta = groups[0]?.etaMs ?? 0
  expect(Math.abs(last - eta) / last).toBeLessThan(0.1)
  expect(world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
  await clock.run(cluster.close())
})
