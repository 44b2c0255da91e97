/** Azure's words to our decisions: as data, with the bodies that Azure's own pages show. */
import { describe, expect, test } from "vitest"
import { type ArmReply, refusalOf, thrownError } from "../../providers/azure/errors.js"
import { failureOf } from "../../providers/azure/instance.js"
import { COSTS } from "../../providers/azure/limits.js"
import {
  AuthError,
  CapacityError,
  OwnershipError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
} from "../../src/errors.js"
import type { Instance } from "../../src/provider.js"

const OFFER = { zone: "2", instanceType: "Standard_D4s_v5", market: "on-demand", family: "standardDSv5Family" } as const
const DOING = {
  what: "launching Standard_D4s_v5 (on-demand, zone 2) in westeurope",
  location: "westeurope",
  url: "https://management.azure.com",
  cost: COSTS.VirtualMachines_CreateOrUpdate,
  offer: OFFER,
}
const ALL = { provider: "azure", region: "westeurope" }

function reply(status: number, body: unknown, headers: Record<string, string> = {}): ArmReply {
  return { status, body, headers: { "x-ms-request-id": "r-1", ...headers } }
}

function said(status: number, code: string, message = "no", details?: readonly unknown[]) {
  return refusalOf(
    reply(status, { error: { code, message, ...(details === undefined ? {} : { details }) } }),
    DOING,
    [],
  )
}

const THROTTLE = {
  code: "OperationNotAllowed",
  message: "The server rejected the request because too many requests have been received for this subscription.",
  details: [
    { code: "TooManyRequests", target: "PutVM", message: '{"operationGroup":"PutVM","allowedRequestCount":500}' },
  ],
}

const QUOTA = (what: string, limit = 10) =>
  `Operation could not be completed as it results in exceeding approved ${what} quota. Additional details - Current Limit: ${limit}, Current Usage: 10. Submit a request for Quota increase.`

describe("quota and throttle share one code", () => {
  test.each([THROTTLE, { error: THROTTLE }])("a throttle, with and without error around it: %#", (body) => {
    const error = refusalOf(reply(429, body, { "retry-after": "1200" }), DOING, [])
    expect(error).toBeInstanceOf(ThrottledError)
    expect(error).toMatchObject({ retryAfterMs: 1_200_000, bucket: "compute.puts" })
    expect(error?.message).toContain("Azure asks to wait 1200 s")
    expect(error?.message).not.toContain("operationGroup")
  })

  test.each([
    ["standardDSv5Family Cores", 10, { family: "standardDSv5Family", market: "on-demand" }, 600_000],
    ["standardDSv5Family Cores", 0, { family: "standardDSv5Family", market: "on-demand" }, 3_600_000],
    ["Total Regional Cores", 10, { market: "on-demand" }, 600_000],
    ["LowPriorityCores", 10, { market: "on-demand" }, 3_600_000],
  ] as const)("a quota: %s of %i", (what, limit, scope, ttlMs) => {
    const error = said(409, "OperationNotAllowed", QUOTA(what, limit))
    expect(error).toBeInstanceOf(QuotaError)
    expect(error).toMatchObject({ scope: { ...ALL, ...scope }, ttlMs })
  })

  test("a spot VM's family quota is that of all spot VMs", () => {
    const body = { error: { code: "OperationNotAllowed", message: QUOTA("standardDSv5Family Cores") } }
    const error = refusalOf(reply(409, body), { ...DOING, offer: { ...OFFER, market: "spot" } }, [])
    expect((error as QuotaError).scope).toEqual({ ...ALL, market: "spot" })
  })
})

const POOL = { ...ALL, zone: "2", instanceType: "Standard_D4s_v5", market: "on-demand" }

test.each([
  ["SkuNotAvailable", CapacityError, POOL],
  ["ZonalAllocationFailed", CapacityError, { ...ALL, zone: "2", instanceType: "Standard_D4s_v5" }],
  ["OverconstrainedZonalAllocationRequest", CapacityError, POOL],
  ["SpotPriceGreaterThanProvidedMaxPrice", CapacityError, POOL],
  ["PublicIPCountLimitReached", QuotaError, ALL],
  ["SubnetIsFull", QuotaError, ALL],
] as const)("%s: the next offer", (code, type, scope) => {
  const error = said(409, code)
  expect(error).toBeInstanceOf(type)
  expect((error as CapacityError).scope).toEqual(scope)
})

test.each([
  [403, "AuthorizationFailed", AuthError],
  [401, "ExpiredAuthenticationToken", AuthError],
  [409, "MissingSubscriptionRegistration", AuthError],
  [404, "SubscriptionNotFound", AuthError],
  [403, "RequestDisallowedByPolicy", RejectedError],
  [409, "ScopeLocked", RejectedError],
  [400, "InvalidParameter", RejectedError],
  [404, "PlatformImageNotFound", RejectedError],
  [409, "ResourceGroupBeingDeleted", OwnershipError],
  [404, "ResourceGroupNotFound", OwnershipError],
  [429, "RetryableErrorDueToAnotherOperation", TransientError],
  [429, "AnythingElse", ThrottledError],
  [409, "AnotherOperationInProgress", TransientError],
  [400, "NicReservedForAnotherVm", TransientError],
  [503, "ServiceUnavailable", TransientError],
  [500, "NeverSeen", TransientError],
  [400, "NeverSeen", RejectedError],
  [403, "NeverSeen", AuthError],
] as const)("%i %s", (status, code, type) => {
  const error = said(status, code)
  expect(error).toBeInstanceOf(type)
  expect(error?.constructor).toBe(type)
  expect(error).toMatchObject({ code, requestId: "r-1" })
})

test("the innermost code that we know counts", () => {
  const details = [
    { code: "Conflict", message: "see details", details: [{ code: "SkuNotAvailable", message: "no spot" }] },
  ]
  expect(said(400, "InvalidTemplateDeployment", "the template", details)).toBeInstanceOf(CapacityError)
})

test("409 and 412 mean the same to a caller who can look, and a fence is no conflict", () => {
  const body = (code: string) => ({ error: { code, message: "no" } })
  expect(refusalOf(reply(412, body("PreconditionFailed")), DOING, [409, 412])).toBeUndefined()
  expect(refusalOf(reply(409, body("PropertyChangeNotAllowed")), DOING, [409, 412])).toBeUndefined()
  expect(refusalOf(reply(409, body("NeverSeen")), DOING, [409, 412])).toBeUndefined()
  expect(refusalOf(reply(409, body("ResourceGroupBeingDeleted")), DOING, [409, 412])).toBeInstanceOf(OwnershipError)
  expect(refusalOf(reply(409, body("SkuNotAvailable")), DOING, [409, 412])).toBeInstanceOf(CapacityError)
})

test("a page of a proxy is no answer", () => {
  const error = refusalOf(reply(502, "<html>Bad gateway</html>"), DOING, [])
  expect(error).toBeInstanceOf(TransientError)
  expect(error?.message).toMatch(/HTTP 502.*is there a proxy/)
})

test.each([
  [{ code: "ECONNREFUSED", message: "connect ECONNREFUSED" }, TransientError, "unreachable"],
  [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT", message: "self-signed certificate" }, RejectedError, "NODE_EXTRA_CA_CERTS"],
  [{ name: "CredentialUnavailableError", message: "EnvironmentCredential is unavailable" }, AuthError, "az login"],
] as const)("thrown on the way: %o", (thrown, type, words) => {
  const error = thrownError(thrown, DOING)
  expect(error).toBeInstanceOf(type)
  expect(error.message).toContain(words)
})

describe("a VM that has failed", () => {
  const instance = { ...OFFER, region: "westeurope" } as unknown as Instance

  test.each([
    [
      "ProvisioningState/failed/ZonalAllocationFailed",
      "capacity",
      { ...ALL, zone: "2", instanceType: "Standard_D4s_v5" },
    ],
    ["ProvisioningState/failed/OSProvisioningTimedOut", "boot", POOL],
    ["ProvisioningState/failed/NeverSeen", "boot", POOL],
    ["ProvisioningState/failed", "boot", POOL],
  ] as const)("%s: %s", (code, reason, scope) => {
    const failure = failureOf(instance, [{ code: "" }, { code: "PowerState/running" }, { code, message: "sorry" }])
    expect(failure).toMatchObject({ reason, scope, count: 1 })
    expect(failure.ttlMs > 0).toBe(reason === "capacity")
    expect(failure.message).toContain("sorry")
  })

  test("without a word of why", () => {
    expect(failureOf(instance, [])).toMatchObject({ reason: "boot", code: "ProvisioningFailed", ttlMs: 0 })
  })
})
