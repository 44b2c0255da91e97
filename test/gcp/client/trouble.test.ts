/** Bad input and bad days, each tried on the wire through the real client. */
import { describe, expect, test } from "vitest"
import { gcp } from "../../../providers/gcp/index.js"
import { AuthError, RejectedError, SpecError, ThrottledError, TransientError } from "../../../src/errors.js"
import type { FailKind } from "../../../src/simulator/index.js"
import {
  callsFor,
  type Cloud,
  gce,
  launchOne,
  launchMany,
  offersOf,
  optionsFor,
  OWNER,
  prepareOf,
  TYPE,
  wishFor,
  NO_ROOM,
  ZONE,
} from "../support/cloud.js"

/** What a launch on this cloud comes to. */
async function launchError(cloud: Cloud): Promise<unknown> {
  const [call] = await callsFor(cloud, 2)
  if (call === undefined) throw new Error("no call")
  return cloud.run(cloud.provider.launch(call, cloud.bare())).catch((error: unknown) => error)
}

describe("what Google answers", () => {
  const ROWS: readonly (readonly [reason: string, kind: FailKind, becomes: unknown, message: string, says: RegExp])[] =
    [
      [
        "accessNotConfigured",
        "auth",
        AuthError,
        "Compute Engine API has not been used in project 1 before or it is disabled.",
        /https:\/\/console\.developers.*enable the Compute Engine API/,
      ],
      [
        "forbidden",
        "auth",
        AuthError,
        "Required 'compute.instances.create' permission for 'projects/muster-test'",
        /compute\.instances\.create.*minimal role/,
      ],
      ["authError", "auth", AuthError, "Invalid Credentials", /renew the credentials/],
      [
        "rateLimitExceeded",
        "throttled",
        ThrottledError,
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
        /Queries/,
      ],
      ["rateLimitExceeded", "throttled", ThrottledError, "Rate Limit Exceeded", /Rate Limit/],
      ["backendError", "transient", TransientError, "Internal error", /backendError/],
      [
        "conditionNotMet",
        "rejected",
        RejectedError,
        "Constraint constraints/compute.vmExternalIpAccess violated",
        /organization policy/,
      ],
    ]
  test.each(ROWS)("%s (%s)", async (reason, error, becomes, message, says) => {
    const cloud = await gce()
    cloud.world.faults.fail("instances.bulkInsert", { error, code: reason, message })
    const thrown = (await launchError(cloud)) as Error
    expect(thrown).toBeInstanceOf(becomes)
    expect(thrown.message).toMatch(says)
    expect(thrown.message).toContain(`launching 2 × ${TYPE} (on-demand, ${ZONE})`)
  })

  test("a throttle by the minute ends with the minute", async () => {
    const cloud = await gce()
    cloud.world.faults.fail("instances.bulkInsert", {
      error: "throttled",
      code: "rateLimitExceeded",
      message: "… per minute",
    })
    const { retryAfterMs = 0 } = (await launchError(cloud)) as ThrottledError
    expect(retryAfterMs).toBe(60_000 - (cloud.clock.now() % 60_000) + 1_000)
  })

  test.each([
    ["resourcePoolExhausted", "capacity", { zone: ZONE, instanceType: TYPE }],
    ["quotaExceeded", "quota", { family: "n2" }],
  ] as const)("%s is a failure of this launch, with its scope", async (code, error, scope) => {
    const cloud = await gce()
    cloud.world.faults.fail("instances.bulkInsert", {
      error,
      code,
      message: "Quota 'N2_CPUS' exceeded.  Limit: 24.0 in region us-central1.",
    })
    const launched = await launchError(cloud)
    expect(launched).toMatchObject({ instances: [], settled: true, failures: [{ reason: error, count: 2, scope }] })
  })
})

test("a fresh project: 24 CPUs are 6 instances of 4, and the rest is a quota", async () => {
  const cloud = await gce({ world: { quotas: [{ name: "N2_CPUS", family: "n2", vcpus: 24 }] } })
  const [call] = await callsFor(cloud, 10)
  if (call === undefined) throw new Error("no call")
  const { instances, failures, settled } = await launchOne(cloud, call)
  expect([instances.length, settled]).toEqual([6, true])
  expect(failures).toMatchObject([
    {
      reason: "quota",
      count: 4,
      code: "QUOTA_EXCEEDED",
      scope: { provider: "gcp", region: "us-central1", family: "n2" },
    },
  ])
  const rooms = await cloud.run(cloud.provider.headroom?.(wishFor(call.offers, 1), cloud.bare()) ?? Promise.resolve([]))
  expect(rooms).toMatchObject([{ name: "N2_CPUS", limit: 24, used: 24 }])
})

test("the project is wrong, or nobody names one", async () => {
  const cloud = await gce({ gcp: { project: "another-project" } })
  await expect(offersOf(cloud)).rejects.toThrow(/another-project.*check project of gcp\(\), or GOOGLE_CLOUD_PROJECT/)
  const before = process.env.GOOGLE_CLOUD_PROJECT
  delete process.env.GOOGLE_CLOUD_PROJECT
  const nameless = await gce({ gcp: { project: undefined } })
  await expect(offersOf(nameless)).rejects.toThrow(SpecError)
  if (before !== undefined) process.env.GOOGLE_CLOUD_PROJECT = before
})

test("a zone that the region has not is dropped, a type that nobody sells is a mistake", async () => {
  const cloud = await gce({ gcp: { zones: ["us-central1-z"] } })
  await expect(offersOf(cloud)).rejects.toThrow(/us-central1-z.*check gcp\.zones/)
  const other = await gce()
  await expect(offersOf(other, ["n2-standrad-4"])).rejects.toThrow(/n2-standrad-4 is in none of us-central1-a/)
})

test("a GPU that the zone has not", async () => {
  const cloud = await gce({ gcp: { accelerator: { type: "nvidia-tesla-v100", count: 1 }, zones: ["us-central1-c"] } })
  const [call] = await callsFor(cloud, 1, {}, ["n1-standard-8"])
  if (call === undefined) throw new Error("no call")
  const { failures } = await launchOne(cloud, call)
  expect(failures).toMatchObject([
    { reason: "capacity", ttlMs: 24 * 3_600_000, scope: { zone: "us-central1-c", instanceType: "n1-standard-8" } },
  ])
})

test("a misspelt override is found although the client drops it", async () => {
  const cloud = await gce({ gcp: { overrides: { minCpuPlatfrom: "Intel Ice Lake" } } })
  const [call] = await callsFor(cloud, 1)
  if (call === undefined) throw new Error("no call")
  await expect(cloud.run(cloud.provider.launch(call, cloud.bare()))).rejects.toThrow(
    /instanceProperties\.minCpuPlatfrom/,
  )
  expect(cloud.world.ledger.count("instances.bulkInsert")).toBe(0)
})

test("tags that are no labels, and a startup that is too large, are refused before any request", async () => {
  const cloud = await gce()
  await expect(prepareOf(cloud, { tags: { Team: "x", team: "Video!" } })).rejects.toThrow(/tags\.Team[\s\S]*tags\.team/)
  await expect(prepareOf(cloud, { startup: "x".repeat(300_000) })).rejects.toThrow(/262144/)
  expect(cloud.world.ledger.count()).toBe(0)
})

test("an image or a network that is not there", async () => {
  const cloud = await gce()
  await expect(prepareOf(cloud, { image: "projects/debian-cloud/global/images/family/debian-99" })).rejects.toThrow(
    /debian-99/,
  )
  const other = await gce({ gcp: { network: "nowhere" } })
  await expect(launchMany(other, 1)).rejects.toThrow(/nowhere.*check that image, network/)
})

test("a wait that returns before the operation is done is looked at again", async () => {
  const cloud = await gce({ wire: { operationMs: 300_000 } })
  const instances = await launchMany(cloud, 3)
  expect(instances).toHaveLength(3)
  expect(cloud.world.ledger.count("zoneOperations.wait")).toBe(3)
})

test("an operation that is not known any more: lists tell what it made", async () => {
  const cloud = await gce()
  const [call] = await callsFor(cloud, 3)
  if (call === undefined) throw new Error("no call")
  const { ref = null } = await cloud.run(cloud.provider.launch(call, cloud.bare()))
  await cloud.run(cloud.clock.sleep(2 * 3_600_000))
  const settled = await cloud.run(cloud.provider.settle(call, ref, cloud.bare()))
  expect(settled).toMatchObject({ settled: true, failures: [] })
  expect(settled.instances).toHaveLength(3)
})

test("a replay long after its request id was forgotten meets its own names, and makes nothing", async () => {
  const cloud = await gce()
  const [call] = await callsFor(cloud, 3)
  if (call === undefined) throw new Error("no call")
  await launchOne(cloud, call)
  await cloud.run(cloud.clock.sleep(5 * 3_600_000))
  const again = await launchOne(cloud, call)
  expect(again.instances).toHaveLength(3)
  expect(cloud.world.truth()).toHaveLength(3)
})

test("a regional request is not sent again while anything of it is known", async () => {
  const cloud = await gce()
  const [call] = await callsFor(cloud, 4, { spread: "zones" }, [TYPE, "c4-standard-4"])
  if (call === undefined) throw new Error("no call")
  expect(call.api).toBe("regionInstances.bulkInsert")
  await launchOne(cloud, call)
  await cloud.run(cloud.clock.sleep(600_000))
  await launchOne(cloud, call)
  await cloud.run(cloud.clock.sleep(2 * 3_600_000))
  const again = await launchOne(cloud, call)
  expect(again.instances).toHaveLength(4)
  expect(cloud.world.truth()).toHaveLength(4)
  expect(cloud.world.ledger.count("regionInstances.bulkInsert")).toBe(1)
})

test("a name that is somebody else's is not taken for ours, and theirs lives on", async () => {
  const cloud = await gce()
  const [call] = await callsFor(cloud, 2)
  const [name = ""] = call?.names ?? []
  if (call === undefined) throw new Error("no call")
  cloud.world.create({ zone: ZONE, instanceType: TYPE, market: "on-demand", min: 1, max: 1, names: [name], tags: {} })
  const { instances, failures } = await launchOne(cloud, call)
  expect(instances.map((instance) => instance.name)).toEqual(call.names?.slice(1))
  expect(failures).toMatchObject([{ reason: "rejected", count: 1, code: "RESOURCE_ALREADY_EXISTS" }])
  expect(cloud.world.truth({ names: [name] })).toMatchObject([{ tags: {} }])
})

test("a page token that expires, and a zone that does not answer, are no short lists", async () => {
  const cloud = await gce()
  await launchMany(cloud, 501)
  cloud.world.faults.fail("instances.list", {
    error: "rejected",
    code: "invalid",
    message: "Invalid value for field 'pageToken': 'x'. The page token has expired.",
    when: (parameters) => (parameters as { pageToken?: string }).pageToken !== undefined,
  })
  await expect(cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).rejects.toThrow(TransientError)
  cloud.wire.unreachable.add("us-central1-b")
  await expect(cloud.run(cloud.provider.list({ cluster: "render" }, cloud.bare()))).rejects.toThrow(
    /us-central1-b does not answer; .*gcp\(\{ zones/,
  )
  await expect(cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).rejects.toThrow(TransientError)
})

test("an answer from something that is not Google", async () => {
  const cloud = await gce()
  cloud.world.faults.garbleReply("instances.list", 4)
  await expect(cloud.run(cloud.provider.list({ uid: OWNER.uid }, cloud.bare()))).rejects.toThrow(
    /proxy or a login page/,
  )
  const nobody = gcp({ region: "us-central1", project: "muster-test", apiEndpoint: "http://127.0.0.1:9" })
  await expect(cloud.run(nobody.list({ zones: [ZONE] }, cloud.bare()))).rejects.toThrow(/unreachable/)
})

test("credentials: a token goes with every request, and missing ones are an error", async () => {
  const cloud = await gce({
    wire: { token: "t0ken" },
    gcp: { auth: { getRequestHeaders: async () => ({ authorization: "Bearer t0ken" }) } },
  })
  expect((await offersOf(cloud)).length).toBeGreaterThan(0)
  const auth = { getRequestHeaders: () => Promise.reject(new Error("Could not load the default credentials.")) }
  const poor = { ...cloud, provider: gcp(optionsFor(cloud.wire, { auth })) }
  const thrown = await offersOf(poor).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(AuthError)
  expect(String(thrown)).toMatch(/Could not load.*gcloud auth application-default login/)
})

test("a principal that may not read types or images still launches what it names", async () => {
  const cloud = await gce({ gcp: { zones: [ZONE] } })
  for (const api of ["machineTypes.list", "images.getFromFamily"])
    cloud.world.faults.rate(api, 1, { kind: "fail", error: "auth" })
  const offers = await offersOf(cloud)
  expect(offers).toMatchObject([{ instanceType: TYPE, vcpus: 4, family: "n2" }])
  const prepared = await prepareOf(cloud)
  expect(prepared.notes.join(" ")).toMatch(/may not be read/)
  const [call] = cloud.provider.split(wishFor(offers, 2), prepared, NO_ROOM)
  if (call === undefined) throw new Error("no call")
  expect((await launchOne(cloud, call)).instances).toHaveLength(2)
})
