/** The whole way: `new Cluster` over the real SDK, a socket, and EC2's documented limits. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { type Cloud, ec2 } from "./support/cloud.js"

function clusterOn(cloud: Cloud): Cluster {
  const spec = { name: "render", provider: cloud.provider, instanceType: "m7i.large", startup: "echo hello" } as const
  return new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
}

/** EC2's own delays, and lists that lag. */
const REAL = {
  latency: { requestMs: [60, 200], createMs: [1_500, 5_000], bootMs: [5_000, 18_000], stopMs: [5_000, 40_000] },
  listLagMs: [0, 2_000],
} as const

const entries = (cloud: Cloud, api: string) => cloud.world.ledger.of(api)

/**
 * Booted soon, as each look at a thousand costs a third of a second in the SDK's parser; and with one latency for all, so
 * that requests reach the buckets as far apart as they were sent.
 */
const SOON = {
  latency: { requestMs: 100, createMs: 2_000, bootMs: [3_000, 6_000], stopMs: [5_000, 40_000] },
  listLagMs: [0, 1_000],
} as const

describe.each([1, 100, 250, 251, 1000, 1001])("%i workers", (count) => {
  test("up and down take the least calls, and not one is refused", async () => {
    const cloud = await ec2({ world: SOON })
    const cluster = clusterOn(cloud)
    const start = cloud.clock.now()
    const { running } = await cloud.run(cluster.scale(count))
    expect(running).toBe(count)
    const launches = entries(cloud, "RunInstances")
    expect(launches).toHaveLength(Math.ceil(count / 250))
    expect(launches.filter(({ at }) => at - (launches[0]?.at ?? start) < 100).length).toBeLessThanOrEqual(4)

    const before = cloud.world.ledger.count()
    const receipt = await cloud.run(cluster.close())
    expect(receipt.leaked).toEqual([])
    expect(receipt.instances).toHaveLength(count)
    expect(cloud.world.ledger.entries[before]?.api).toBe("TerminateInstances")
    expect(entries(cloud, "TerminateInstances")).toHaveLength(Math.ceil(count / 1000))

    expect(entries(cloud, "RunInstances")).toHaveLength(Math.ceil(count / 250))
    expect(entries(cloud, "CreateTags")).toEqual([])
    expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
    expect(cloud.world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
  })
})

test("nothing is described while nothing is pending or stopping", async () => {
  const cloud = await ec2({ world: REAL })
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(10))
  const describes = entries(cloud, "DescribeInstances").length
  await cloud.run(cloud.clock.sleep(20_000))
  expect(entries(cloud, "DescribeInstances").length).toBe(describes)
  await cloud.run(cluster.close())
})

test("scale(0) with 1000 workers known: TerminateInstances is the next request", async () => {
  const cloud = await ec2({ world: SOON })
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(1000))
  const before = cloud.world.ledger.count()
  const asked = cloud.clock.now()
  await cloud.run(cluster.scale(0))
  const next = cloud.world.ledger.entries[before]
  expect([next?.api, next?.at]).toEqual(["TerminateInstances", asked])
  await cloud.run(cluster.close())
})

test.each(["loseReply", "cutReply", "garbleReply"] as const)("%s of a launch: no second set", async (fault) => {
  const cloud = await ec2({ world: REAL })
  cloud.world.faults[fault]("RunInstances", 2)
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(300))
  expect(running).toBe(300)
  expect(cloud.world.truth()).toHaveLength(300)
  await cloud.run(cluster.close())
  expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
})

test("a zone that has too few: the rest comes from another", async () => {
  const cloud = await ec2({ world: REAL, aws: { subnetIds: undefined } })
  cloud.world.setCapacity({ zone: "us-east-1a" }, 30)
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(100))
  expect(running).toBe(100)
  const zones = cloud.world.truth().map(({ zone }) => zone)
  expect(zones.filter((zone) => zone === "us-east-1a")).toHaveLength(30)
  await cloud.run(cluster.close())
})

test("EC2 throttles everybody else's requests too: later, and nothing is lost", async () => {
  const cloud = await ec2({ world: REAL })
  cloud.world.faults.rate("*", 0.3, { kind: "fail", error: "throttled" })
  const cluster = clusterOn(cloud)
  const { running } = await cloud.run(cluster.scale(500))
  expect(running).toBe(500)
  const receipt = await cloud.run(cluster.close())
  expect(receipt.leaked).toEqual([])
  expect(cloud.world.truth()).toHaveLength(500)
  expect(cloud.world.truth({ states: ["pending", "running"] })).toEqual([])
})
