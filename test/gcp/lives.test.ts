/** Clusters that live through what Compute Engine answers: what can go on goes on, what cannot says why, and nothing is left. */
import { describe, expect, test } from "vitest"
import type { ScriptedAnswer } from "../../providers/gcp/wire/index.js"
import { Cluster } from "../../src/cluster.js"
import { AuthError, type LeakError, RejectedError, type ShortfallError } from "../../src/errors.js"
import type { Receipt } from "../../src/fleet/reports/receipt-types.js"
import type { ClusterSpec } from "../../src/spec.js"
import { dearCloud } from "../support/second.js"
import { type Cloud, gce, TYPE, ZONE } from "./support/cloud.js"

const BULK = "instances.bulkInsert"
const SILENT = "us-central1-f"

function clusterOn(cloud: Cloud, spec: Partial<ClusterSpec> = {}) {
  const problems: string[] = []
  const whole = { name: "render", provider: cloud.provider, instanceType: TYPE, ...spec } as ClusterSpec
  const cluster = new Cluster(whole, { clock: cloud.clock, seed: 1, journal: false })
  cluster.on("problem", ({ message }) => void problems.push(message))
  return { cluster, problems }
}

async function cloudWith(answer: Omit<ScriptedAnswer, "api">): Promise<Cloud> {
  const cloud = await gce()
  cloud.wire.answers.give({ api: BULK, ...answer })
  return cloud
}

const errorOf = (cloud: Cloud, work: Promise<unknown>): Promise<Error> =>
  cloud.run(
    work.then(
      () => expect.unreachable("nothing was thrown"),
      (error: Error) => error,
    ),
  )

const living = ({ world }: Cloud) => world.truth({ states: ["pending", "running"] })
const bulks = ({ world }: Cloud) => world.ledger.count(BULK) + world.ledger.count("regionInstances.bulkInsert")

async function closed(cloud: Cloud, cluster: Cluster): Promise<void> {
  expect((await cloud.run(cluster.close())).leaked).toEqual([])
  expect(living(cloud)).toEqual([])
}

describe("a disk that one of two types cannot boot from", () => {
  test.each([[[TYPE, "c4-standard-4"]], [["c4-standard-4", TYPE]]])("%o: the other one", async (instanceType) => {
    const cloud = await gce({ gcp: { disk: { type: "pd-ssd" } } })
    const { cluster } = clusterOn(cloud, { instanceType, order: "as-listed" })
    expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(new Set(living(cloud).map((instance) => instance.instanceType))).toEqual(new Set([TYPE]))
    await closed(cloud, cluster)
  })
})

const HOPELESS = [
  ["CONDITION_NOT_MET", 412, RejectedError, "Constraint constraints/compute.vmExternalIpAccess violated for project 1"],
  ["PERMISSIONS_ERROR", 403, AuthError, "Required 'compute.subnetworks.use' permission for 'projects/p/subnetworks/s'"],
  ["INVALID_USAGE", 400, RejectedError, "Subnetwork must be specified for a network of custom mode"],
  ["RESOURCE_NOT_FOUND", 404, RejectedError, "The resource 'projects/p/global/images/gone' was not found"],
  ["SERVICE_ACCOUNT_ACCESS_DENIED", 400, AuthError, "The user does not have access to service account 'w@p'"],
  ["EXTERNAL_RESOURCE_NOT_FOUND", 404, RejectedError, "The resource 'w@p' of type 'serviceAccount' was not found"],
] as const

const spelt = { operation: (code: string) => code, whole: camel }

/** "conditionNotMet" of "CONDITION_NOT_MET": how an HTTP answer spells it. */
function camel(code: string): string {
  return code.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

describe.each(["operation", "whole"] as const)("refused for good (%s)", (place) => {
  test.each(HOPELESS)("%s: the words at once, after one request", async (code, status, becomes, message) => {
    const cloud = await cloudWith({ place, code: spelt[place](code), status, message })
    const { cluster, problems } = clusterOn(cloud)
    const begun = cloud.clock.now()
    const error = await errorOf(cloud, cluster.scale(4))
    expect(error).toBeInstanceOf(becomes)
    expect(error.message).toContain(message)
    expect(cloud.clock.now() - begun).toBeLessThan(15_000)
    expect(bulks(cloud)).toBe(1)
    expect(problems.join()).toContain(message)
    expect(String(cluster.explain())).toContain(message)
    await closed(cloud, cluster)
  })

  test.each(HOPELESS)("%s: a second provider is asked", async (code, status, _becomes, message) => {
    const cloud = await gce({ gcp: { prices: { [TYPE]: { "on-demand": 0.1 } } } })
    cloud.wire.answers.give({ api: BULK, place, code: spelt[place](code), status, message })
    const second = dearCloud(cloud.clock, TYPE)
    const provider = [cloud.provider, second.provider]
    const { cluster, problems } = clusterOn(cloud, { provider })
    const begun = cloud.clock.now()
    expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(cloud.clock.now() - begun).toBeLessThan(30_000)
    expect(second.world.truth({ states: ["running"] })).toHaveLength(4)
    expect(bulks(cloud)).toBe(1)
    expect(problems.join()).toContain(message)
    expect(String(cluster.explain())).toContain(message)
    await closed(cloud, cluster)
    expect(second.world.truth({ states: ["pending", "running"] })).toEqual([])
  })
})

test.each(["INTERNAL_ERROR", "RESOURCE_NOT_READY", "RESOURCE_OPERATION_RATE_EXCEEDED"])(
  "an operation that ends as %s for 20 s: asked again, and all run soon after",
  async (code) => {
    const cloud = await gce()
    const untilMs = cloud.clock.now() + 20_000
    cloud.wire.answers.give({ api: BULK, place: "operation", code, message: "Try again.", untilMs })
    const { cluster } = clusterOn(cloud, { zones: [ZONE] })
    expect(await cloud.run(cluster.scale(4))).toMatchObject({ running: 4 })
    expect(cloud.clock.now() - untilMs).toBeLessThan(40_000)
    expect(bulks(cloud)).toBeLessThan(8)
    await closed(cloud, cluster)
  },
)

test("spot answered with server errors for ever: on demand runs once no list can miss what was asked", async () => {
  const cloud = await gce()
  const refusal = { code: "backendError", status: 503, message: "Try again." } as const
  for (const api of [BULK, "regionInstances.bulkInsert"])
    cloud.wire.answers.give({ api, place: "whole", ...refusal, scope: { market: "spot" } })
  const { cluster, problems } = clusterOn(cloud, { market: "spot-with-fallback" })
  const { attemptMs, consistencyMs } = cloud.provider.limits
  const begun = cloud.clock.now()
  expect(await cloud.run(cluster.scale(4, { timeout: "5h" }))).toMatchObject({ running: 4 })
  expect(cloud.clock.now() - begun).toBeLessThan(120_000 + attemptMs + consistencyMs + 30_000)
  expect(new Set(living(cloud).map(({ market }) => market))).toEqual(new Set(["on-demand"]))
  expect(bulks(cloud)).toBeLessThanOrEqual(10)
  expect(problems.join()).toContain("Try again")
  await closed(cloud, cluster)
})

test("of ten six are made: the quota of the rest is said, and not a lack of machines", async () => {
  const cloud = await gce({ world: { quotas: [{ name: "N2_CPUS", family: "n2", vcpus: 24 }] } })
  const { cluster } = clusterOn(cloud)
  const error = (await errorOf(cloud, cluster.scale(10))) as ShortfallError
  expect(error.name).toBe("ShortfallError")
  expect([error.running, error.shortfall.count]).toEqual([6, 4])
  expect(error.shortfall.reasons).toMatchObject([{ reason: "quota", count: 4, code: "QUOTA_EXCEEDED" }])
  await closed(cloud, cluster)
})

test.each([BULK, "zoneOperations.wait", "instances.aggregatedList", "instances.delete"])(
  "one 401 in the middle, for %s: nobody hears of it",
  async (api) => {
    let asked = 0
    const getRequestHeaders = async () => {
      asked += 1
      return { authorization: "Bearer first" }
    }
    const cloud = await gce({ wire: { token: "first" }, gcp: { auth: { getRequestHeaders } } })
    cloud.world.faults.fail(api, { error: "auth", code: "authError", message: "Invalid Credentials" })
    const { cluster, problems } = clusterOn(cloud)
    expect(await cloud.run(cluster.scale(40))).toMatchObject({ running: 40 })
    await closed(cloud, cluster)
    expect(problems).toEqual([])
    expect(cloud.world.truth()).toHaveLength(40)
    expect(cloud.world.ledger.of(api).filter(({ outcome }) => outcome !== "ok")).toHaveLength(1)
    expect(asked).toBe(cloud.world.ledger.count())
  },
)

describe("a zone that does not answer", () => {
  test("from the start: a new cluster runs in the others", async () => {
    const cloud = await gce()
    cloud.wire.unreachable.add(SILENT)
    const { cluster } = clusterOn(cloud, { spread: "zones" })
    const begun = cloud.clock.now()
    expect(await cloud.run(cluster.scale(6))).toMatchObject({ running: 6 })
    // What lives under the name is asked of it for a minute.
    expect(cloud.clock.now() - begun).toBeLessThan(90_000)
    expect(living(cloud).every(({ zone }) => zone !== SILENT)).toBe(true)
    await closed(cloud, cluster)
  })

  test("and may not be used: nobody notices", async () => {
    const cloud = await gce({ gcp: { zones: [ZONE] } })
    cloud.wire.unreachable.add(SILENT)
    const { cluster, problems } = clusterOn(cloud)
    expect(await cloud.run(cluster.scale(6))).toMatchObject({ running: 6 })
    await closed(cloud, cluster)
    expect(problems).toEqual([])
  })

  test("later, with all instances in another: all goes on, and close is no leak", async () => {
    const cloud = await gce()
    const { cluster } = clusterOn(cloud, { zones: [ZONE] })
    expect(await cloud.run(cluster.scale(6))).toMatchObject({ running: 6 })
    cloud.wire.unreachable.add(SILENT)
    expect(await cloud.run(cluster.scale(8))).toMatchObject({ running: 8 })
    const begun = cloud.clock.now()
    await closed(cloud, cluster)
    expect(cloud.clock.now() - begun).toBeLessThan(30_000)
  })

  test("that has some of the instances: those of others are known to be gone, and it is named", async () => {
    const cloud = await gce()
    const { cluster } = clusterOn(cloud, { spread: "zones" })
    expect(await cloud.run(cluster.scale(8))).toMatchObject({ running: 8 })
    cloud.wire.unreachable.add(SILENT)
    const error = (await errorOf(cloud, cluster.close({ timeout: "2m" }))) as LeakError<Receipt>
    const named = error.receipt.leaked.map(({ zone }) => zone)
    expect(named).toEqual(living(cloud).map(({ zone }) => zone))
    expect(new Set(named)).toEqual(new Set([SILENT]))
    cloud.wire.unreachable.clear()
  })

  test("and neither do all others: a new cluster of the name is not begun blindly", async () => {
    const cloud = await gce()
    for (const zone of ["a", "b", "c", "f"]) cloud.wire.unreachable.add(`us-central1-${zone}`)
    const { cluster } = clusterOn(cloud)
    expect((await errorOf(cloud, cluster.scale(2))).name).toBe("TransientError")
    expect(bulks(cloud)).toBe(0)
    await cloud.run(cluster.close())
  })

  test("of a cluster that is attached to: nothing is concluded of it", async () => {
    const cloud = await gce()
    const { cluster } = clusterOn(cloud, { zones: [ZONE] })
    await cloud.run(cluster.scale(2))
    await cloud.run(cluster.detach())
    cloud.wire.unreachable.add(SILENT)
    const attaching = Cluster.attach("render", { provider: cloud.provider }, { clock: cloud.clock, journal: false })
    expect((await errorOf(cloud, attaching)).message).toContain("us-central1-f does not answer")
    cloud.wire.unreachable.clear()
  })
})
