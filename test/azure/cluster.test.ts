/** The whole way: `new Cluster` over the real SDK, HTTPS, and Azure's documented limits. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { ClusterSpec } from "../../src/spec.js"
import { isLong, LONG } from "../support/long.js"
import { upAndDown } from "../support/up-and-down.js"
import { azureCloud, type Cloud } from "./support/cloud.js"

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const whole = {
    name: "render",
    provider: cloud.provider,
    instanceType: "Standard_D2s_v5",
    startup: "echo hello",
    ...spec,
  }
  return new Cluster(whole as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

/** Azure's own delays, and lists that lag. */
const REAL = {
  latency: { requestMs: [60, 200], createMs: [500, 1_500], bootMs: [30_000, 90_000], stopMs: [10_000, 40_000] },
  listLagMs: [0, 3_000],
} as const

const entries = (cloud: Cloud, api: string) => cloud.world.ledger.of(api)
const PUT = "VirtualMachines_CreateOrUpdate"

/** What is left of the cluster once Azure has finished with what it accepted. */
async function leftBehind(cloud: Cloud): Promise<readonly string[]> {
  await cloud.run(cloud.clock.sleep(300_000))
  return cloud.wire.remains().flatMap(({ kind, id }) => (id.includes("muster-westeurope") ? [] : [`${kind} ${id}`]))
}

describe.each(isLong ? [1, 100, 1000] : [1, 100])(`%i workers${isLong ? "" : ` (1000: ${LONG})`}`, (count) => {
  test("up and down: one PUT and one DELETE each, paced, and not one is refused", { timeout: 120_000 }, async () => {
    const cloud = await azureCloud({ world: REAL })
    const cluster = clusterOn(cloud)
    const { running } = await cloud.run(cluster.scale(count))
    expect(running).toBe(count)
    const puts = entries(cloud, PUT)
    expect(puts).toHaveLength(count)
    const first = puts[0]?.at ?? 0
    const last = puts.at(-1)?.at ?? 0
    const least = (Math.max(0, count - 200) / 10) * 1000
    // One second more: what a burst of 128 in flight takes to be answered, and the group's own PUTs.
    expect(last - first).toBeLessThanOrEqual(Math.max(least * 1.03, 2_000))
    // Ten GETs by name would already be one for each healthy VM.
    expect(entries(cloud, "VirtualMachines_Get")).toEqual([])
    expect(entries(cloud, "ResourceGroups_List").length).toBeLessThanOrEqual(40)
    expect(entries(cloud, "VirtualMachines_ListAll")).toEqual([])

    const before = cloud.world.ledger.count()
    const receipt = await cloud.run(cluster.close())
    expect(receipt.leaked).toEqual([])
    expect(receipt.instances).toHaveLength(count)
    expect(cloud.world.ledger.entries[before]?.api).toBe("VirtualMachines_Delete")
    expect(entries(cloud, "VirtualMachines_Delete")).toHaveLength(count)
    expect(entries(cloud, "ResourceGroups_Delete")).toHaveLength(2)
    // Only the looks before the groups and the network were made found nothing.
    const refused = cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")
    expect(refused.map(({ outcome }) => outcome).sort()).toEqual([
      "ResourceGroupNotFound",
      "ResourceGroupNotFound",
      "ResourceNotFound",
    ])
    expect(await leftBehind(cloud)).toEqual([])
  })
})

test("at most 128 launches are on the wire at once", async () => {
  const cloud = await azureCloud({ world: { ...REAL, latency: { ...REAL.latency, createMs: 5_000 } } })
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(200))
  const puts = entries(cloud, PUT).map(({ at }) => at)
  expect(puts.filter((at) => at < (puts[0] ?? 0) + 5_000)).toHaveLength(128)
  await cloud.run(cluster.close())
})

test.each(["loseReply", "cutReply", "garbleReply"] as const)("%s of launches: no second VM", async (fault) => {
  const cloud = await azureCloud({ world: REAL })
  cloud.world.faults[fault](PUT, 3)
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(20))
  expect(running).toBe(20)
  expect(cloud.world.truth()).toHaveLength(20)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("a zone without capacity: accepted VMs fail, are deleted, and come in another zone", async () => {
  const cloud = await azureCloud({ world: REAL })
  cloud.world.setCapacity({ zone: "1" }, 5)
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(20))
  expect(running).toBe(20)
  const zones = cloud.world.truth({ states: ["pending", "running"] }).map(({ zone }) => zone)
  expect(zones.filter((zone) => zone === "1")).toHaveLength(5)
  expect(cloud.wire.remains().filter(({ kind }) => kind === "vm")).toHaveLength(20)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("no zone has any: the regional offer is the last candidate", async () => {
  const cloud = await azureCloud({ world: REAL })
  for (const zone of ["1", "2", "3"]) cloud.world.setCapacity({ zone }, 0)
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(3))
  expect(cloud.world.truth({ states: ["running"] }).map(({ zone }) => zone)).toEqual([
    "regional",
    "regional",
    "regional",
  ])
  await cloud.run(cluster.close())
})

test("a family's quota: the rest is of another family", async () => {
  const cloud = await azureCloud({
    world: { ...REAL, quotas: [{ family: "standardDSv5Family", market: "on-demand", vcpus: 10 }] },
  })
  const cluster = clusterOn(cloud, { instanceType: ["Standard_D2s_v5", "Standard_F16s_v2"] })
  const { running } = await cloud.run(cluster.scale(8))
  expect(running).toBe(8)
  const types = cloud.world.truth({ states: ["running"] }).map(({ instanceType }) => instanceType)
  expect(types.filter((type) => type === "Standard_F16s_v2")).toHaveLength(3)
  await cloud.run(cluster.close())
})

test("nothing is to be had: fewer, with reasons that add up", async () => {
  const cloud = await azureCloud({ world: { ...REAL, capacity: [{ count: 2 }] } })
  const cluster = clusterOn(cloud)
  const { running, shortfall } = await cloud.run(cluster.scale(12, { minimum: 0 }))
  // Two of each zone, and two regional.
  expect(running).toBe(8)
  expect(shortfall.count).toBe(4)
  expect(shortfall.reasons.map(({ code }) => code)).toContain("AllocationFailed")
  expect(shortfall.reasons.reduce((sum, { count }) => sum + count, 0)).toBe(4)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("boots that fail are deleted and replaced under new names", async () => {
  const cloud = await azureCloud({ world: REAL })
  cloud.world.faults.failBoots(3)
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(10))
  expect(running).toBe(10)
  expect(entries(cloud, PUT)).toHaveLength(13)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("spot: evicted workers are replaced, and leave nothing behind", async () => {
  const cloud = await azureCloud({ world: REAL })
  const cluster = clusterOn(cloud, { market: "spot" })
  await cloud.run(cluster.scale(10))
  expect(entries(cloud, PUT)[0]?.parameters).toMatchObject({
    body: { properties: { priority: "Spot", evictionPolicy: "Delete", billingProfile: { maxPrice: -1 } } },
  })
  cloud.world.faults.interrupt({ market: "spot" }, { count: 4 })
  await cloud.run(cloud.clock.sleep(400_000))
  expect(cloud.world.truth({ states: ["running"] })).toHaveLength(10)
  await cloud.run(cluster.close())
  expect(await leftBehind(cloud)).toEqual([])
})

test("Azure throttles everybody else's requests too: later, and nothing is lost", async () => {
  const cloud = await azureCloud({ world: REAL })
  cloud.world.faults.rate("*", 0.2, { kind: "fail", error: "throttled", retryAfterMs: 2_000 })
  await upAndDown(cloud, clusterOn(cloud), 100)
  expect(await leftBehind(cloud)).toEqual([])
})

test.each(["keptInterfaces", "keptDisks"] as const)(
  "%s: what the cascade of a VM misses goes with the group",
  async (quirk) => {
    const cloud = await azureCloud({ world: REAL })
    cloud.wire.quirks[quirk] = 3
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(5))
    await cloud.run(cluster.close())
    expect(await leftBehind(cloud)).toEqual([])
  },
)

test("a cluster is found, and taken over, by its tags alone", async () => {
  const cloud = await azureCloud({ world: REAL })
  const first = clusterOn(cloud)
  await cloud.run(first.scale(3))
  await first.detach()
  const second = clusterOn(cloud, { existing: "connect" })
  const { running } = await cloud.run(second.scale(5))
  expect(running).toBe(5)
  expect(cloud.world.truth()).toHaveLength(5)
  expect(cloud.wire.remains().filter(({ kind, id }) => kind === "group" && id.includes("render"))).toHaveLength(3)
  await cloud.run(second.close())
  expect(await leftBehind(cloud)).toEqual([])
})
