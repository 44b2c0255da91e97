/** The whole way: `new Cluster` over the real client, a socket, and Compute Engine's limits. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../src/cluster.js"
import type { Instance } from "../../src/provider.js"
import type { ClusterSpec } from "../../src/spec.js"
import { isLong, LONG } from "../support/long.js"
import { upAndDown } from "../support/up-and-down.js"
import { callsFor, type Cloud, gce, launchOne, TYPE } from "./support/cloud.js"
import { keepOwnersApart } from "../support/owners.js"

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}): Cluster {
  const common = { name: "render", provider: cloud.provider, instanceType: TYPE, startup: "echo hello" } as const
  return new Cluster({ ...common, ...spec } as ClusterSpec, { clock: cloud.clock, seed: 1, journal: false })
}

/** Compute Engine's own delays, and lists that lag. */
const REAL = {
  world: {
    latency: { requestMs: [60, 250], createMs: [300, 1_200], bootMs: [2_500, 40_000], stopMs: [2_500, 60_000] },
    listLagMs: [0, 2_000],
  },
  wire: { operationMs: [3_000, 15_000] },
} as const

const entries = (cloud: Cloud, api: string) => cloud.world.ledger.of(api)
const refused = (cloud: Cloud) => cloud.world.ledger.entries.filter(({ outcome }) => outcome !== "ok")

/** The most requests of one api that were under way at once, by the moments at which they came and how long they took. */
function perZoneAndPoll(cloud: Cloud): number {
  const polls = new Map<string, number>()
  for (const { at, parameters } of entries(cloud, "instances.list")) {
    const { zone, pageToken } = parameters as { zone: string; pageToken?: string }
    if (pageToken === undefined) polls.set(`${zone}/${at}`, (polls.get(`${zone}/${at}`) ?? 0) + 1)
  }
  // Where others may have started the same name, all zones are read in one request.
  for (const { at, parameters } of entries(cloud, "instances.aggregatedList")) {
    const { pageToken } = parameters as { pageToken?: string }
    if (pageToken === undefined) polls.set(`all/${at}`, (polls.get(`all/${at}`) ?? 0) + 1)
  }
  return Math.max(0, ...polls.values())
}

describe.each(isLong ? [1, 100, 1000, 1001] : [1, 100])(
  `%i workers${isLong ? "" : ` (1000 and 1001: ${LONG})`}`,
  (count) => {
    test("up in one request, down within one quota minute, and not one is refused", async () => {
      const cloud = await gce(REAL)
      const cluster = clusterOn(cloud)
      const { running } = await cloud.run(cluster.scale(count))
      expect(running).toBe(count)
      expect(entries(cloud, "instances.bulkInsert")).toHaveLength(1)
      expect(entries(cloud, "zoneOperations.wait")).toHaveLength(1)
      expect(perZoneAndPoll(cloud)).toBe(1)

      const before = cloud.world.ledger.count()
      const asked = cloud.clock.now()
      const receipt = await cloud.run(cluster.close())
      expect(receipt.leaked).toEqual([])
      expect(receipt.instances).toHaveLength(count)
      expect(cloud.world.ledger.entries[before]?.api).toBe("instances.delete")
      const deletions = entries(cloud, "instances.delete")
      expect(deletions).toHaveLength(count)
      expect((deletions.at(-1)?.at ?? 0) - asked).toBeLessThan(60_000)

      expect(entries(cloud, "instances.setLabels")).toEqual([])
      expect(refused(cloud)).toEqual([])
      expect(cloud.world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
    })
  },
)

test("spread over zones: one request for each", async () => {
  const cloud = await gce({ ...REAL, gcp: { zones: ["us-central1-a", "us-central1-b", "us-central1-c"] } })
  const cluster = clusterOn(cloud, { spread: "zones" })
  await cloud.run(cluster.scale(isLong ? 1000 : 100))
  expect(entries(cloud, "instances.bulkInsert")).toHaveLength(3)
  expect(new Set(cloud.world.truth().map(({ zone }) => zone)).size).toBe(3)
  // Named zones are not asked for.
  expect(entries(cloud, "regions.get")).toEqual([])
  await cloud.run(cluster.close())
  expect(refused(cloud)).toEqual([])
})

test("several types over several zones: one request to the region", async () => {
  const cloud = await gce(REAL)
  cloud.world.setCapacity({ instanceType: TYPE }, 20)
  const cluster = clusterOn(cloud, { spread: "zones", instanceType: [TYPE, "c4-standard-4"] })
  const { running } = await cloud.run(cluster.scale(100))
  expect(running).toBe(100)
  expect(entries(cloud, "regionInstances.bulkInsert")).toHaveLength(1)
  expect(cloud.world.truth({ instanceTypes: [TYPE] })).toHaveLength(80)
  expect(cloud.world.truth({ instanceTypes: ["c4-standard-4"] })).toHaveLength(20)
  await cloud.run(cluster.close())
  expect(refused(cloud)).toEqual([])
})

describe("scale(0) during a create", () => {
  const SLOW = { world: { ...REAL.world, listLagMs: [0, 20_000] as const }, wire: { operationMs: 60_000 } }
  const onTheWire = async (cloud: Cloud) => {
    while (entries(cloud, "instances.bulkInsert").length === 0) await cloud.run(cloud.clock.sleep(20))
  }
  const isLeft = (cloud: Cloud) => cloud.world.truth({ states: ["pending", "running", "stopped"] })

  test("waits for the end of its operation, and ends all that came of it", async () => {
    const cloud = await gce(SLOW)
    const cluster = clusterOn(cloud)
    const up = cluster.scale(200).catch((error: unknown) => error)
    await cloud.run(cloud.clock.sleep(3_000))
    const doneAt = cloud.world.operations.list("bulkInsert")[0]?.doneAt ?? Number.NaN
    await cloud.run(cluster.scale(0))
    await cloud.run(up)
    // Before that more could have come, however empty the lists were.
    expect(cloud.clock.now()).toBeGreaterThanOrEqual(doneAt)
    const lastList = entries(cloud, "instances.list").at(-1)?.at ?? 0
    expect(lastList).toBeGreaterThanOrEqual(doneAt)
    expect(isLeft(cloud)).toEqual([])
    // What lists show is ended as soon as it is seen, and not only when the operation is over.
    expect(entries(cloud, "instances.delete").filter(({ at }) => at < doneAt).length).toBeGreaterThan(100)
    expect(entries(cloud, "instances.bulkInsert")).toHaveLength(1)
    await cloud.run(cluster.close())
  })

  test("whose answer never came: it is not sent again, and swept", async () => {
    const cloud = await gce(SLOW)
    cloud.world.faults.loseReply("instances.bulkInsert", 1)
    const cluster = clusterOn(cloud)
    const up = cluster.scale(50).catch((error: unknown) => error)
    await cloud.run(cloud.clock.sleep(500))
    await cloud.run(cluster.scale(0))
    await cloud.run(up)
    expect(isLeft(cloud)).toEqual([])
    await cloud.run(cluster.close())
    expect(cloud.world.truth().length).toBeLessThanOrEqual(50)
  })

  test("whose answer never came, and which makes instances long after the sweep: its operation is found, and waited for", async () => {
    const operationMs = 400_000
    const cloud = await gce({ world: REAL.world, wire: { operationMs } })
    const { provider, clock } = cloud
    cloud.world.faults.loseReply("instances.bulkInsert", 1)
    const doneAt = clock.now() + operationMs
    const list: typeof provider.list = async (selector, calls) => {
      const found = await provider.list(selector, calls)
      return clock.now() < doneAt ? [] : found
    }
    expect(operationMs).toBeGreaterThan(provider.limits.attemptMs + provider.limits.consistencyMs)
    const cluster = clusterOn(cloud, { provider: { ...provider, list } })
    const up = cluster.scale(50).catch((error: unknown) => error)
    await onTheWire(cloud)
    const receipt = await cloud.run(cluster.close())
    await cloud.run(up)
    expect(clock.now()).toBeGreaterThan(doneAt)
    expect(receipt.instances).toHaveLength(50)
    expect(isLeft(cloud)).toEqual([])
    expect(entries(cloud, "instances.bulkInsert")).toHaveLength(1)
    expect(entries(cloud, "zoneOperations.list")).toHaveLength(1)
  })

  test("whose answer never came, and which nothing shows to have arrived: zero after the sweep", async () => {
    const cloud = await gce(SLOW)
    cloud.world.faults.fail("instances.bulkInsert", { error: "transient", times: 1 })
    const cluster = clusterOn(cloud)
    const up = cluster.scale(50).catch((error: unknown) => error)
    await onTheWire(cloud)
    const receipt = await cloud.run(cluster.close())
    await cloud.run(up)
    expect(receipt).toMatchObject({ instances: [], leaked: [] })
    expect(cloud.world.truth()).toEqual([])
  })

  test("whose operation vanished: lists tell, and all goes", async () => {
    const cloud = await gce(SLOW)
    cloud.world.faults.fail("zoneOperations.wait", { error: "rejected", code: "notFound", times: 5 })
    const cluster = clusterOn(cloud)
    const up = cluster.scale(50).catch((error: unknown) => error)
    await cloud.run(cloud.clock.sleep(3_000))
    await cloud.run(cluster.scale(0))
    await cloud.run(up)
    await cloud.run(cluster.close())
    await cloud.run(cloud.clock.sleep(120_000))
    expect(isLeft(cloud)).toEqual([])
  })
})

test.skipIf(!isLong)(
  `10,000 down: nine quota minutes, and no quota reply (${LONG})`,
  { timeout: 120_000 },
  async () => {
    const cloud = await gce(REAL)
    const launches = await callsFor(cloud, 10_000)
    expect(launches).toHaveLength(2)
    const calls = cloud.calls()
    const instances = []
    for (const call of launches) instances.push(...(await launchOne(cloud, call, calls)).instances)
    expect(instances).toHaveLength(10_000)
    const { accepted, failures } = await cloud.run(cloud.provider.terminate(instances, calls))
    expect(accepted).toHaveLength(10_000)
    expect(failures).toEqual([])
    const minutes = new Set(entries(cloud, "instances.delete").map(({ at }) => Math.floor(at / 60_000)))
    expect(minutes.size).toBe(9)
    expect(refused(cloud)).toEqual([])
  },
)

test.each(["loseReply", "cutReply", "garbleReply"] as const)("%s of a launch: no second set", async (fault) => {
  const cloud = await gce(REAL)
  cloud.world.faults[fault]("instances.bulkInsert", 2)
  await upAndDown(cloud, clusterOn(cloud), 300)
})

test.each(["details", "plain", "request"] as const)(
  "a zone that has too few (%s): the rest comes from another",
  async (exhausted) => {
    const cloud = await gce({ world: REAL.world, wire: { ...REAL.wire, exhausted } })
    cloud.world.setCapacity({ zone: "us-central1-a" }, 30)
    cloud.world.setCapacity({ zone: "us-central1-b" }, 0)
    const cluster = clusterOn(cloud)
    const { running } = await cloud.run(cluster.scale(100))
    expect(running).toBe(100)
    const zones = cloud.world.truth().map(({ zone }) => zone)
    expect(zones.filter((zone) => zone === "us-central1-a")).toHaveLength(30)
    expect(zones.filter((zone) => zone === "us-central1-c")).toHaveLength(70)
    await cloud.run(cluster.close())
  },
)

test("a Spot VM that is preempted is told from one that somebody deleted, and is replaced", async () => {
  const cloud = await gce(REAL)
  const cluster = clusterOn(cloud, { market: "spot" })
  await cloud.run(cluster.scale(5))
  const [taken] = cloud.world.truth({ states: ["running"] })
  cloud.world.faults.interrupt([taken?.id ?? ""])
  await cloud.run(cloud.clock.sleep(120_000))
  await cloud.run(cluster.scale(5))
  expect(cloud.world.truth({ states: ["running"] })).toHaveLength(5)
  const id = `${taken?.zone}/${taken?.name}`
  const workers = cluster.workers.map((worker) => worker.id)
  expect(workers).not.toContain(id)
  const like = { id, zone: taken?.zone, instanceType: TYPE, market: "spot" } as Instance
  const { reasons } = await cloud.run(
    cloud.provider.interruptions?.([like], cloud.bare()) ?? Promise.reject(new Error("none")),
  )
  expect(reasons).toMatchObject([{ id, failure: { reason: "interrupted", code: "compute.instances.preempted" } }])
  await cloud.run(cluster.close())
})

test("everybody else's requests use up the quota too: later, and nothing is lost", async () => {
  const cloud = await gce(REAL)
  cloud.world.faults.rate("*", 0.2, { kind: "fail", error: "throttled" })
  await upAndDown(cloud, clusterOn(cloud), 200)
})

test("the deadline is kept by Compute Engine itself", async () => {
  const cloud = await gce(REAL)
  const cluster = clusterOn(cloud, { maxLifetime: "1h" })
  await cloud.run(cluster.scale(3))
  await cluster.detach()
  await cloud.run(cloud.clock.sleep(2 * 3_600_000))
  expect(cloud.world.truth({ states: ["pending", "running", "stopped"] })).toEqual([])
})

describe("an idle owner", () => {
  async function idle(cloud: Cloud): Promise<Cluster> {
    const cluster = clusterOn(cloud)
    await cloud.run(cluster.scale(4))
    await cloud.run(cloud.clock.sleep(60_000))
    return cluster
  }
  const living = (cloud: Cloud) => cloud.world.truth({ states: ["pending", "running"] })

  test("does not make anew what Muster has deleted elsewhere: the operation tells by its request's id", async () => {
    const cloud = await gce()
    const cluster = await idle(cloud)
    const said: string[] = []
    cluster.on("problem", ({ message }) => said.push(message))
    const others = await cloud.run(cloud.provider.list({ cluster: "render" }, cloud.bare()))
    await cloud.run(cloud.provider.terminate(others.slice(0, 1), cloud.bare()))
    await cloud.run(cloud.clock.sleep(300_000))
    expect(living(cloud)).toHaveLength(3)
    // It is seen leaving, and then gone.
    expect(said).toEqual([expect.stringContaining("the target is now 3")])
    await cloud.run(Cluster.sweep({ provider: cloud.provider, name: "render" }, { clock: cloud.clock }))
    await cloud.run(cloud.clock.sleep(3_600_000))
    expect(living(cloud)).toEqual([])
    expect(said.at(-1)).toContain("the target is now 0")
    expect(entries(cloud, "instances.bulkInsert")).toHaveLength(1)
    expect(await cloud.run(cluster.close())).toMatchObject({ leaked: [] })
  })

  test.each(["read", "not read"])("makes anew what somebody else has deleted, operations %s", async (how) => {
    const cloud = await gce()
    const cluster = await idle(cloud)
    if (how === "not read") cloud.world.faults.rate("zoneOperations.list", 1, { kind: "fail", error: "auth" })
    cloud.world.terminate(living(cloud).map(({ id }) => id))
    await cloud.run(cloud.clock.sleep(300_000))
    expect(living(cloud)).toHaveLength(4)
    await cloud.run(cluster.close())
  })
})

describe("owners", () => {
  keepOwnersApart(TYPE, () => gce())
})
