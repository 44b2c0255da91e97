/** The whole way: `new Cluster` over the real SDK, a socket, and EC2's documented limits. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import { subnetOf } from "../../providers/aws/wire/index.js"
import { isLong, LONG } from "../support/long.js"
import { upAndDown } from "../support/up-and-down.js"
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

const COUNTS = isLong ? [1, 100, 250, 251, 1000, 1001] : [1, 100, 251]
describe.each(COUNTS)(`%i workers${isLong ? "" : ` (250, 1000 and 1001: ${LONG})`}`, (count) => {
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

test("closing a hundred takes no time that EC2 does not take, and few requests", async () => {
  const now = { latency: { requestMs: 0, createMs: 0, bootMs: 5_000, stopMs: 30_000 }, listLagMs: 0 } as const
  const cloud = await ec2({ world: now })
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(100))
  const before = cloud.world.ledger.count()
  const begun = cloud.clock.now()
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  const sent = cloud.world.ledger.entries.slice(before).map(({ api }) => api)
  // To end them, to see that they have gone, and to remove the launch template.
  const floor = ["TerminateInstances", "DescribeInstances", "DeleteLaunchTemplate"]
  expect(floor.filter((api) => !sent.includes(api))).toEqual([])
  expect(sent.length).toBeLessThanOrEqual(floor.length + 5)
  expect(cloud.clock.now() - begun).toBe(0)
})

test("terminations that are refused without a blame are not halved anew each time, and go once one goes", async () => {
  const cloud = await ec2({ world: REAL })
  const cluster = clusterOn(cloud)
  await cloud.run(cluster.scale(20))
  const refusal = { kind: "fail", error: "rejected", code: "OperationNotPermitted", message: "Not now." } as const
  cloud.world.faults.rate("TerminateInstances", 1, refusal)
  const closing = cluster.close()
  await cloud.run(cloud.clock.sleep(180_000))
  // Once it is found out that each is refused by itself, which takes twice as many as there are.
  expect(entries(cloud, "TerminateInstances").length).toBeLessThanOrEqual(2 * 20 + 10)
  cloud.world.faults.clear()
  const mended = cloud.clock.now()
  expect((await cloud.run(closing)).leaked).toEqual([])
  expect(cloud.clock.now() - mended).toBeLessThan(120_000)
  expect(entries(cloud, "TerminateInstances").length).toBeLessThanOrEqual(2 * 20 + 20)
})

test("groups of a new cluster make one claim, and nothing of what they ask for is refused", async () => {
  const cloud = await ec2({ world: SOON })
  const groups = { a: {}, b: {}, c: {} }
  const spec = { name: "render", provider: cloud.provider, instanceType: "m7i.large", groups } as const
  const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
  await cloud.run(cluster.scale({ a: 2, b: 2, c: 2 }))
  expect(entries(cloud, "CreateLaunchTemplate")).toHaveLength(1)
  expect(cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")).toEqual([])
  await cloud.run(cluster.close())
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
  await upAndDown(cloud, clusterOn(cloud), 300)
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
  await upAndDown(cloud, clusterOn(cloud), 500)
})

describe("a zone with an outage", () => {
  const DEAD = "us-east-1a"
  const spread = { spread: "zones", instanceType: "m7i.large" } as const

  function spreadOn(cloud: Cloud, events: string[] = []): Cluster {
    const whole = { name: "render", provider: cloud.provider, startup: "echo hello", ...spread } as const
    const cluster = new Cluster(whole, { clock: cloud.clock, seed: 1, journal: false })
    cluster.on("problem", ({ message }) => void events.push(message))
    return cluster
  }

  const zonesOf = (cloud: Cloud) => {
    const zones = cloud.world.truth({ states: ["pending", "running"] }).map(({ zone }) => zone)
    return Object.fromEntries(
      [...new Set(zones)].sort().map((zone) => [zone, zones.filter((one) => one === zone).length]),
    )
  }

  test("from the start: the burst goes to the others, although no list can be read", async () => {
    const cloud = await ec2({ world: REAL, aws: { subnetIds: undefined } })
    const cluster = spreadOn(cloud)
    await cloud.run(cluster.plan(1))
    cloud.wire.impair(DEAD)
    const { running } = await cloud.run(cluster.scale(90))
    expect(running).toBe(90)
    expect(Object.keys(zonesOf(cloud))).not.toContain(DEAD)
    cloud.wire.impair()
    expect((await cloud.run(cluster.close())).leaked).toEqual([])
    expect(zonesOf(cloud)).toEqual({})
  })

  test("while a cluster runs: what runs there stays, more goes elsewhere, nothing is made twice", async () => {
    const cloud = await ec2({ world: REAL, aws: { subnetIds: undefined } })
    const problems: string[] = []
    const cluster = spreadOn(cloud, problems)
    await cloud.run(cluster.scale(40))
    expect(zonesOf(cloud)[DEAD]).toBe(10)
    cloud.wire.impair(DEAD)
    const { running } = await cloud.run(cluster.scale(100))
    expect(running).toBe(100)
    expect(problems.join()).toContain("listing instances: An internal error has occurred")
    expect(cloud.world.truth({ states: ["pending", "running"] })).toHaveLength(100)
    expect(zonesOf(cloud)[DEAD]).toBe(10)
    cloud.wire.impair()
    await cloud.run(cluster.close())
    expect(zonesOf(cloud)).toEqual({})
  })

  test("that is only unavailable at first: its launches are sent again until it is known what they came to", async () => {
    const cloud = await ec2({ world: REAL, aws: { subnetIds: undefined } })
    const inZone = (parameters: unknown) => JSON.stringify(parameters).includes(subnetOf(DEAD))
    const unavailable = { error: "transient", code: "Unavailable", when: inZone } as const
    cloud.world.faults.fail("RunInstances", { ...unavailable, times: 12 })
    cloud.world.setCapacity({ zone: DEAD }, 0)
    const cluster = spreadOn(cloud)
    const { running } = await cloud.run(cluster.scale(40))
    expect(running).toBe(40)
    expect(cloud.world.truth()).toHaveLength(40)
    await cloud.run(cluster.close())
  })

  test("that is not over when the cluster is closed: nothing is called gone that cannot be seen", async () => {
    const cloud = await ec2({ world: REAL, aws: { subnetIds: undefined } })
    const cluster = spreadOn(cloud)
    await cloud.run(cluster.scale(8))
    cloud.wire.impair(DEAD)
    await expect(cloud.run(cluster.close({ timeout: "2m" }))).rejects.toThrow(/there is still/)
    cloud.wire.impair()
    expect(zonesOf(cloud)).toEqual({})
  })
})
