/**
 * A code means the same wherever it stands: as the refusal of a request, in its operation, or in the operation of one of its
 * VMs. And an answer is an outcome: what was answered is known.
 */
import { describe, expect, test } from "vitest"
import type { ScriptedAnswer } from "../../providers/gcp/wire/index.js"
import { AuthError, OfferRefusedError, RefusedError, RejectedError, TransientError } from "../../src/errors.js"
import type { Launched } from "../../src/provider.js"
import { callsFor, type Cloud, gce, launchOne, TYPE, ZONE } from "./support/cloud.js"

const POOL = { provider: "gcp", region: "us-central1", zone: ZONE, instanceType: TYPE } as const
const BULK = "instances.bulkInsert"

/** Four are asked for, of one type in one zone. */
async function asked(answer: Omit<ScriptedAnswer, "api">): Promise<{ cloud: Cloud; outcome: Promise<Launched> }> {
  const cloud = await gce()
  const [call] = await callsFor(cloud, 4)
  if (call === undefined) throw new Error("no call")
  cloud.wire.answers.give({ api: BULK, ...answer })
  return { cloud, outcome: launchOne(cloud, call) }
}

/** "conditionNotMet" of "CONDITION_NOT_MET": how an HTTP answer spells it. */
const camel = (code: string) => code.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

/** What is thrown of an offer as data: a refusal says nothing of what an earlier sending may have done. */
async function told(outcome: Promise<Launched>): Promise<Launched> {
  return outcome.catch((error: unknown) => {
    if (error instanceof RefusedError) return { instances: [], settled: true, failures: [error.toFailure(4)] }
    throw error
  })
}
const count = ({ failures }: Launched) => failures.reduce((sum, failure) => sum + failure.count, 0)

const HOPELESS: readonly (readonly [code: string, status: number, becomes: unknown, message: string])[] = [
  [
    "CONDITION_NOT_MET",
    412,
    RejectedError,
    "Constraint constraints/compute.vmExternalIpAccess violated for project 1.",
  ],
  ["PERMISSIONS_ERROR", 403, AuthError, "Required 'compute.subnetworks.use' permission for 'projects/p/subnetworks/s'"],
  ["INVALID_USAGE", 400, RejectedError, "Subnetwork must be specified for a network of custom mode."],
  ["RESOURCE_NOT_FOUND", 404, RejectedError, "The resource 'projects/p/global/images/gone' was not found"],
  ["EXTERNAL_RESOURCE_NOT_FOUND", 404, RejectedError, "The resource 'w@p' of type 'serviceAccount' was not found."],
  ["SERVICE_ACCOUNT_ACCESS_DENIED", 400, AuthError, "The user does not have access to service account 'w@p'."],
  ["SECURITY_POLICY_VIOLATED", 403, AuthError, "Request is prohibited by organization's policy."],
  ["BILLING_DISABLED", 403, AuthError, "This API method requires billing to be enabled."],
]

describe("hopeless for every offer, with the cloud's words", () => {
  test.each(HOPELESS)("%s as a whole answer", async (code, status, becomes, message) => {
    const { outcome } = await asked({ place: "whole", code: camel(code), status, message })
    const thrown = (await outcome.catch((error: unknown) => error)) as Error
    expect(thrown).toBeInstanceOf(becomes)
    expect(thrown).toMatchObject({ code: camel(code), message: expect.stringContaining(message.replace(/\.$/, "")) })
  })

  test.each(HOPELESS)("%s in its operation", async (code, _status, becomes, message) => {
    const { cloud, outcome } = await asked({ place: "operation", code, message })
    const launched = await outcome
    expect(launched).toMatchObject({ instances: [], settled: true, problem: { code } })
    expect(launched.problem).toBeInstanceOf(becomes)
    expect(launched.problem?.message).toContain(message.replace(/\.$/, ""))
    expect(count(launched)).toBe(4)
    expect(cloud.world.ledger.count(BULK)).toBe(1)
  })

  test.each(HOPELESS.slice(0, 3))(
    "%s in the operations of two of four VMs",
    async (code, _status, becomes, message) => {
      const { outcome } = await asked({ place: "insert-operation", code, message })
      const launched = await outcome
      expect([launched.instances.length, count(launched), launched.settled]).toEqual([2, 2, true])
      expect(launched.problem).toBeInstanceOf(becomes)
    },
  )
})

const TYPE_ONLY = { provider: "gcp", region: "us-central1", instanceType: TYPE }
const DISK = `pd-ssd disk type cannot be used by ${TYPE} machine type.`
const RESERVATION = `The resource 'projects/p/zones/${ZONE}/reservations/mine' was not found`

const REFUSED: readonly (readonly [code: string, status: number, message: string, scope: object])[] = [
  ["SOMETHING_NEW", 400, "A refusal nobody knows.", POOL],
  ["SOMETHING_NEW", 403, "Not today.", POOL],
  ["SOMETHING_NEW", 409, "Somebody else is at it.", POOL],
  ["SOMETHING_NEW", 422, "This makes no sense.", POOL],
  ["INVALID_FIELD_VALUE", 400, "Invalid value for field 'resource.minCpuPlatform': 'x'.", POOL],
  ["UNSUPPORTED_OPERATION", 400, DISK, TYPE_ONLY],
  ["BAD_REQUEST", 400, DISK, TYPE_ONLY],
  ["INVALID", 400, `[machine_type: ${TYPE}] features and [disk_type: x] features are not compatible.`, TYPE_ONLY],
  ["RESOURCE_NOT_FOUND", 404, RESERVATION, POOL],
]

describe("refused for this offer, until shown otherwise", () => {
  test.each(REFUSED)("%s (%i) as a whole answer: %s", async (code, status, message, scope) => {
    const { outcome } = await asked({ place: "whole", code: camel(code), status, message })
    const failure = { reason: "rejected", count: 4, ttlMs: 60_000, code: camel(code), scope }
    await expect(outcome).rejects.toThrow(OfferRefusedError)
    expect(await told(outcome)).toMatchObject({ failures: [failure] })
  })

  test.each(REFUSED)("%s (%i) in its operation: %s", async (code, _status, message, scope) => {
    const { outcome } = await asked({ place: "operation", code, message })
    const failure = { reason: "rejected", count: 4, ttlMs: 60_000, code, scope }
    expect(await outcome).toEqual({ instances: [], settled: true, failures: [expect.objectContaining(failure)] })
  })

  test.each(REFUSED.filter((_row, index) => index % 4 === 0))(
    "%s (%i) in the operations of two of four VMs: %s",
    async (code, _status, message, scope) => {
      const { outcome } = await asked({ place: "insert-operation", code, message })
      const launched = await outcome
      expect(launched.instances).toHaveLength(2)
      expect(launched.failures).toMatchObject([{ reason: "rejected", count: 2, ttlMs: 60_000, code, scope }])
      expect(launched.problem).toBeUndefined()
    },
  )
})

const PASSING: readonly (readonly [code: string, status: number, message: string, mostMs: number])[] = [
  ["RESOURCE_NOT_READY", 400, "The resource 'projects/p/subnetworks/s' is not ready", 5_000],
  ["INTERNAL_ERROR", 500, "Internal error. Please try again or contact Google Support. (Code: '1')", 5_000],
  [
    "RESOURCE_OPERATION_RATE_EXCEEDED",
    403,
    "Operation rate exceeded for resource 'projects/p/global/images/i'.",
    5_000,
  ],
  ["RATE_LIMIT_EXCEEDED", 403, "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'", 61_000],
]

describe("what passes by itself is asked for again within seconds, and is no lack of machines", () => {
  test.each(PASSING)("%s in its operation", async (code, _status, message, mostMs) => {
    const { outcome } = await asked({ place: "operation", code, message })
    const { failures, settled, problem } = await outcome
    const scope = { ...POOL, market: "on-demand" }
    expect([settled, problem]).toEqual([true, undefined])
    expect(failures).toMatchObject([{ reason: "transient", count: 4, code, scope }])
    expect(failures[0]?.ttlMs).toBeGreaterThan(0)
    expect(failures[0]?.ttlMs).toBeLessThanOrEqual(mostMs)
  })

  test.each(PASSING)("%s in the operations of two of four VMs", async (code, _status, message) => {
    const { outcome } = await asked({ place: "insert-operation", code, message })
    expect(await outcome).toMatchObject({ settled: true, failures: [{ reason: "transient", count: 2, code }] })
  })

  test("a whole answer that says so is an outcome as well", async () => {
    const { outcome } = await asked({ place: "whole", code: "resourceNotReady", status: 400, message: "Not ready yet" })
    expect(await told(outcome)).toMatchObject({ failures: [{ reason: "transient", count: 4 }] })
  })
})

test.each([
  ["backendError", 503],
  ["internalError", 500],
  ["somethingNew", 502],
  ["somethingNew", 408],
])("only what may have been done is unknown: %s (%i)", async (code, status) => {
  const { outcome } = await asked({ place: "whole", code, status, message: "try again" })
  await expect(outcome).rejects.toThrow(TransientError)
})

describe("a request for several types", () => {
  const C4 = "c4-standard-4"

  async function mixed(answer: Omit<ScriptedAnswer, "api">): Promise<Launched> {
    const cloud = await gce()
    const [call] = await callsFor(cloud, 6, { spread: "zones" }, [TYPE, C4])
    if (call?.api !== "regionInstances.bulkInsert") throw new Error("no regional call")
    cloud.wire.answers.give({ api: call.api, ...answer })
    return told(launchOne(cloud, call))
  }

  test.each(["whole", "operation"] as const)(
    "that names the one at fault: the others may be asked (%s)",
    async (place) => {
      const message = `pd-ssd disk type cannot be used by ${C4} machine type.`
      const launched = await mixed({ place, code: "badRequest", message })
      const scope = { provider: "gcp", region: "us-central1", instanceType: C4 }
      expect(launched).toMatchObject({ instances: [], settled: true })
      expect(launched.problem).toBeUndefined()
      expect(launched.failures).toMatchObject([{ reason: "rejected", scope }])
      expect(launched.failures).toHaveLength(1)
    },
  )

  test.each(["whole", "operation"] as const)(
    "that names none: one is left out of the next, to find out (%s)",
    async (place) => {
      const { failures } = await mixed({ place, code: "somethingNew", message: "No." })
      const scope = { provider: "gcp", region: "us-central1", instanceType: C4 }
      expect(failures).toEqual([expect.objectContaining({ reason: "transient", ttlMs: 2_000, scope })])
    },
  )

  test("of which some zone refuses one: the region gives it elsewhere", async () => {
    const scope = { zone: ZONE, instanceType: TYPE }
    const launched = await mixed({ place: "whole", code: "somethingNew", message: "Not here.", scope })
    expect(launched.instances).toHaveLength(6)
    expect(launched.instances.filter(({ zone, instanceType }) => zone === ZONE && instanceType === TYPE)).toEqual([])
  })
})

describe("a bulk request that came to less", () => {
  const SHORT = { world: { quotas: [{ name: "N2_CPUS", family: "n2", vcpus: 24 }] } } as const

  async function short(cloud: Cloud): Promise<Launched> {
    const [call] = await callsFor(cloud, 10)
    if (call === undefined) throw new Error("no call")
    return launchOne(cloud, call)
  }

  test("is explained by the operations of its VMs: six made, four times the quota", async () => {
    const cloud = await gce(SHORT)
    const { instances, failures } = await short(cloud)
    expect(instances).toHaveLength(6)
    expect(failures).toEqual([
      expect.objectContaining({
        reason: "quota",
        count: 4,
        code: "QUOTA_EXCEEDED",
        scope: expect.objectContaining({ family: "n2" }),
      }),
    ])
    expect(failures[0]?.inferred).toBeUndefined()
    expect(cloud.world.ledger.count("zoneOperations.list")).toBe(1)
  })

  test("is inferred to lack capacity where operations may not be read", async () => {
    const cloud = await gce(SHORT)
    cloud.world.faults.rate("zoneOperations.list", 1, { kind: "fail", error: "auth" })
    const { instances, failures } = await short(cloud)
    expect(instances).toHaveLength(6)
    expect(failures).toMatchObject([{ reason: "capacity", count: 4, inferred: true }])
  })

  test("for two reasons: each has its part", async () => {
    const cloud = await gce({ world: { capacity: [{ zone: ZONE, count: 7 }] } })
    cloud.wire.answers.give({ api: BULK, place: "insert-operation", code: "INTERNAL_ERROR", message: "x", times: 1 })
    const [call] = await callsFor(cloud, 20)
    if (call === undefined) throw new Error("no call")
    const { instances, failures } = await launchOne(cloud, call)
    expect(instances).toHaveLength(7)
    expect(Object.fromEntries(failures.map(({ reason, count: many }) => [reason, many]))).toEqual({
      transient: 10,
      capacity: 3,
    })
  })

  test("in two zones: what is missing is of the zones that had too few", async () => {
    const cloud = await gce()
    cloud.world.setCapacity({ zone: ZONE }, 2)
    cloud.world.setCapacity({ zone: "us-central1-b" }, 2)
    const zones = [ZONE, "us-central1-b"]
    const [call] = await callsFor(cloud, 10, { spread: "zones" }, [TYPE, "n2-standard-16"])
    if (call === undefined) throw new Error("no call")
    const own = { ...call, offers: call.offers.filter(({ zone }) => zones.includes(zone)) }
    const locationPolicy = { targetShape: "BALANCED", zones: zones.map((zone) => ({ zone: `zones/${zone}` })) }
    const { instances, failures } = await launchOne(cloud, { ...own, body: { ...own.body, locationPolicy } })
    expect([instances.length, failures.reduce((sum, failure) => sum + failure.count, 0)]).toEqual([8, 2])
    for (const { reason, scope, inferred } of failures) {
      expect([reason, zones.includes(scope.zone ?? ""), inferred]).toEqual(["capacity", true, undefined])
    }
  })
})
