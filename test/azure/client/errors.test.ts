/** Azure's words to our decisions: as data, with the bodies that Azure's own pages show. */
import { describe, expect, test } from "vitest"
import { type ArmReply, refusalOf, thrownError } from "../../../providers/azure/client/errors.js"
import { failureOf } from "../../../providers/azure/observe/instance.js"
import { COSTS } from "../../../providers/azure/limits.js"
import { NoTokenError } from "../../../providers/azure/client/credentials.js"
import {
  AuthError,
  CapacityError,
  NotFoundError,
  OfferRefusedError,
  OwnershipError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import type { Instance } from "../../../src/provider.js"

const OFFER = { zone: "2", instanceType: "Standard_D4s_v5", market: "on-demand", family: "standardDSv5Family" } as const
const DOING = {
  what: "launching Standard_D4s_v5 (on-demand, zone 2) in westeurope",
  location: "westeurope",
  url: "https://management.azure.com",
  cost: COSTS.VirtualMachines_CreateOrUpdate,
  offer: OFFER,
  made: ["muster-render-1", "muster-westeurope"],
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

/** What the login comes to when the credential throws this. */
function noToken(name: string, message: string, rest: object = {}): NoTokenError {
  return new NoTokenError(message, { cause: { name, message, ...rest } })
}

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
  [401, "NeverSeen", AuthError],
  [409, "MissingSubscriptionRegistration", AuthError],
  [404, "SubscriptionNotFound", AuthError],
  [403, "RequestDisallowedByPolicy", RejectedError],
  [409, "ScopeLocked", RejectedError],
  [404, "PlatformImageNotFound", RejectedError],
  [409, "ResourceGroupBeingDeleted", NotFoundError],
  [404, "ResourceGroupNotFound", NotFoundError],
  [429, "RetryableErrorDueToAnotherOperation", UnavailableError],
  [429, "AnythingElse", ThrottledError],
  [409, "AnotherOperationInProgress", UnavailableError],
  [400, "NicReservedForAnotherVm", UnavailableError],
  [503, "ServiceUnavailable", TransientError],
  [500, "NeverSeen", TransientError],
  [408, "NeverSeen", TransientError],
  [400, "InvalidParameter", OfferRefusedError],
  [400, "NeverSeen", OfferRefusedError],
  [403, "NeverSeen", OfferRefusedError],
  [409, "NeverSeen", OfferRefusedError],
  [412, "NeverSeen", OfferRefusedError],
  [422, "NeverSeen", OfferRefusedError],
] as const)("a launch: %i %s", (status, code, type) => {
  const error = said(status, code)
  expect(error).toBeInstanceOf(type)
  expect(error?.constructor).toBe(type)
  expect(error).toMatchObject({ code, requestId: "r-1" })
})

test.each([
  [400, "NeverSeen", RejectedError],
  [403, "NeverSeen", AuthError],
  [409, "NeverSeen", TransientError],
  [409, "AnotherOperationInProgress", TransientError],
  [400, "NicReservedForAnotherVm", TransientError],
  [409, "ResourceGroupBeingDeleted", OwnershipError],
  [404, "ResourceGroupNotFound", RejectedError],
  [404, "ResourceNotFound", RejectedError],
  [400, "InvalidResourceReference", RejectedError],
] as const)("anything but a launch: %i %s", (status, code, type) => {
  const { offer: _offer, made: _made, ...doing } = DOING
  const error = refusalOf(reply(status, { error: { code, message: "no" } }), doing, [])
  expect(error?.constructor).toBe(type)
})

describe("a refusal that nobody knows is about what was asked", () => {
  test("the size in the zone", () => {
    const error = said(400, "NeverSeen", "Not this one, not here.") as OfferRefusedError
    expect(error).toMatchObject({ ttlMs: 60_000, scope: { ...ALL, zone: "2", instanceType: "Standard_D4s_v5" } })
    expect(error.scope).not.toHaveProperty("market")
    expect(error.message).toContain("Not this one, not here.")
  })

  test("the size, where no zone was asked", () => {
    const body = { error: { code: "NeverSeen", message: "no" } }
    const error = refusalOf(reply(400, body), { ...DOING, offer: { ...OFFER, zone: "regional" } }, [])
    expect((error as OfferRefusedError).scope).toEqual({ ...ALL, instanceType: "Standard_D4s_v5" })
  })

  test.each([
    [{ Message: "The request is invalid." }, "Http400"],
    [{ error: "invalid" }, "Http400"],
    ["", "Http400"],
    ["Bad Request", "Http400"],
  ])("in an answer of Azure's without a code: %j", (body, code) => {
    const error = refusalOf(reply(400, body), DOING, [])
    expect(error?.constructor).toBe(OfferRefusedError)
    expect(error?.code).toBe(code)
  })

  test("and not in what anybody else answers", () => {
    const error = refusalOf({ status: 400, headers: {}, body: "<html>Blocked</html>" }, DOING, [])
    expect(error?.constructor).toBe(TransientError)
  })
})

/** As users have posted them. */
test.each([
  [
    "BadRequest",
    "The selected VM size 'Standard_A1_v2' cannot boot Hypervisor Generation '2'. If this was a Create operation please check that the Hypervisor Generation of the Image matches the Hypervisor Generation of the selected VM Size.",
  ],
  [
    "InvalidParameter",
    "The VM size 'Standard_D4als_v6' cannot boot with OS image or disk. Please check that disk controller types supported by the OS image or disk is one of the supported disk controller types for the VM size 'Standard_D4als_v6'.",
  ],
  [
    "InvalidParameter",
    "The VM size 'Standard_D4ads_v5' cannot boot with DiskControllerType 'NVMe'. Please check that the disk controller type provided is one of the supported disk controller types for the VM size 'Standard_D4ads_v5'.",
  ],
  [
    "BadRequest",
    "Cannot create a VM of size 'Standard_D2ps_v5' because this VM size only supports a CPU Architecture of 'Arm64', but an image or disk with CPU Architecture 'x64' was given.",
  ],
  [
    "RequestDisallowedByPolicy",
    `Resource 'default-1' was disallowed by policy. Policy identifiers: '[{"policyAssignment":{"name":"Only small ones"},"policyDefinition":{"name":"Allowed virtual machine size SKUs"}}]'.`,
  ],
])("%s about the size: others are asked, and the words say what to do (%#)", (code, message) => {
  const error = said(code === "RequestDisallowedByPolicy" ? 403 : 400, code, message)
  expect(error?.constructor).toBe(OfferRefusedError)
  expect((error as OfferRefusedError).scope).toEqual({ ...ALL, zone: "2", instanceType: "Standard_D4s_v5" })
  expect(error?.message).toMatch(/; (name sizes that can boot this image|a policy forbids this size)/)
})

describe("what a launch names is not there", () => {
  const SUBNETS = "providers/Microsoft.Network/virtualNetworks/net/subnets/workers"
  const by = "/subscriptions/s/resourceGroups/muster-render-1/providers/Microsoft.Network/networkInterfaces/n"
  const subnetIn = (group: string) =>
    `Resource /subscriptions/s/resourceGroups/${group}/${SUBNETS} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`

  test.each([
    [404, "ResourceGroupNotFound", "Resource group 'muster-render-1' could not be found.", 180_000],
    [404, "ResourceGroupNotFound", "Resource group 'MUSTER-RENDER-1' could not be found.", 180_000],
    [400, "InvalidResourceReference", subnetIn("muster-westeurope"), 180_000],
    [
      404,
      "ResourceNotFound",
      "The Resource 'Microsoft.Network/virtualNetworks/muster-westeurope' under resource group 'muster-westeurope' was not found.",
      180_000,
    ],
    [404, "NotFound", "not found", 180_000],
    [409, "ResourceGroupBeingDeleted", "The resource group 'muster-render-1' is in deprovisioning state", 0],
  ])("%i %s: what Muster made, for a while (%#)", (status, code, message, graceMs) => {
    const error = said(status, code, message)
    expect(error?.constructor).toBe(NotFoundError)
    expect(error).toMatchObject({ ours: true, graceMs, ttlMs: 2_000, scope: ALL })
  })

  test.each([
    [400, "InvalidResourceReference", subnetIn("theirs")],
    [
      404,
      "ResourceNotFound",
      "The Resource 'Microsoft.Compute/proximityPlacementGroups/near' under resource group 'theirs' was not found.",
    ],
    [404, "NotFound", "Artifact: VMImage was not found in westeurope."],
  ])("%i %s: what the user named, at once (%#)", (status, code, message) => {
    expect(said(status, code, message)?.constructor).toBe(RejectedError)
  })

  test("a group of the user's: for a while, and then it is for the user to say", () => {
    const body = { error: { code: "ResourceGroupNotFound", message: "Resource group 'theirs' could not be found." } }
    const error = refusalOf(reply(404, body), { ...DOING, made: ["muster-westeurope"] }, [])
    expect(error).toMatchObject({ name: "NotFoundError", ours: false, graceMs: 180_000 })
  })
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
  expect(refusalOf(reply(409, body("ResourceGroupBeingDeleted")), DOING, [409, 412])).toBeInstanceOf(NotFoundError)
  expect(refusalOf(reply(409, body("SkuNotAvailable")), DOING, [409, 412])).toBeInstanceOf(CapacityError)
})

test("a page of a proxy is no answer", () => {
  const error = refusalOf(reply(502, "<html>Bad gateway</html>"), DOING, [])
  expect(error).toBeInstanceOf(TransientError)
  expect(error?.message).toMatch(/HTTP 502.*is there a proxy/)
})

test.each([
  { code: "Conflict", message: "c", innererror: { code: "SkuNotAvailable", message: "s" } },
  {
    code: "DeployError",
    message: "",
    details: [{ code: "DeploymentFailed", message: '{"error":{"code":"SkuNotAvailable","message":"none left"}}' }],
  },
])("wherever it stands in an answer: %#", (error) => {
  expect(refusalOf(reply(409, { error }), DOING, [])).toMatchObject({ name: "CapacityError", code: "SkuNotAvailable" })
})

test.each([
  [{ code: "ECONNREFUSED", message: "connect ECONNREFUSED" }, TransientError, "unreachable"],
  [{ code: "DEPTH_ZERO_SELF_SIGNED_CERT", message: "self-signed certificate" }, RejectedError, "NODE_EXTRA_CA_CERTS"],
  [noToken("CredentialUnavailableError", "EnvironmentCredential is unavailable"), AuthError, "az login"],
  [
    noToken("AuthenticationError", "AADSTS7000222: the secret is expired", { statusCode: 401 }),
    AuthError,
    "AADSTS7000222",
  ],
  [noToken("AuthenticationError", "bad gateway", { statusCode: 502 }), TransientError, "bad gateway"],
  [noToken("TypeError", "fetch failed", { cause: { code: "ENOTFOUND" } }), TransientError, "fetch failed"],
  [noToken("Error", "vault is sealed"), AuthError, "vault is sealed"],
] as const)("thrown on the way: %o", (thrown, type, words) => {
  const error = thrownError(thrown, DOING)
  expect(error).toBeInstanceOf(type)
  expect(error.message).toContain(words)
})

describe("a VM that has failed: its code means what it means as a whole answer", () => {
  const instance = { ...OFFER, region: "westeurope" } as unknown as Instance
  const IN_ZONE = { ...ALL, zone: "2", instanceType: "Standard_D4s_v5" }

  test.each([
    ["ZonalAllocationFailed", "capacity", IN_ZONE, 3_600_000],
    ["SkuNotAvailable", "capacity", POOL, 23 * 3_600_000],
    ["SubnetIsFull", "quota", ALL, 600_000],
    ["ServerTimeout", "transient", POOL, 2_000],
    ["InternalExecutionError", "transient", POOL, 2_000],
    ["NetworkingInternalOperationError", "transient", POOL, 2_000],
    ["StorageFailure_Busy", "transient", POOL, 2_000],
    ["TooManyRequests", "transient", POOL, 2_000],
    ["RequestDisallowedByPolicy", "rejected", ALL, 60_000],
    ["LinkedAuthorizationFailed", "rejected", ALL, 60_000],
    ["NeverSeen", "rejected", IN_ZONE, 60_000],
    ["OSProvisioningTimedOut", "boot", POOL, 0],
    ["VMExtensionHandlerNonTransientError", "boot", POOL, 0],
  ] as const)("%s: %s", (code, reason, scope, ttlMs) => {
    const statuses = [
      { code: "" },
      { code: "PowerState/running" },
      { code: `ProvisioningState/failed/${code}`, message: "sorry" },
    ]
    const failure = failureOf(instance, { statuses })
    expect(failure).toMatchObject({ reason, scope, ttlMs, code, count: 1 })
    expect(failure.message).toContain(`: sorry (${code})`)
  })

  test("in the details of a message, and of a disk", () => {
    const message = '{"error":{"code":"Conflict","message":"c","details":[{"code":"ServerTimeout","message":"late"}]}}'
    const view = { statuses: [{ code: "ProvisioningState/failed/Conflict", message }] }
    expect(failureOf(instance, view)).toMatchObject({ reason: "transient", code: "ServerTimeout" })
    const status = { code: "ProvisioningState/failed/DiskPreparationError", message: "the disk" }
    const statuses = [{ code: "ProvisioningState/failed", message: "failed" }]
    expect(failureOf(instance, { statuses, disks: [{ statuses: [status] }] })).toMatchObject({ reason: "transient" })
  })

  test.each([
    [[{ code: "ProvisioningState/failed", message: "sorry" }], "sorry"],
    [[{ code: "ProvisioningState/failed/", message: "sorry" }], "sorry"],
    [[], "Azure does not say why"],
  ])("without a code: the guest did not come up (%#)", (statuses, words) => {
    const failure = failureOf(instance, { statuses })
    expect(failure).toMatchObject({ reason: "boot", code: "ProvisioningFailed", ttlMs: 0 })
    expect(failure.message).toContain(words)
  })
})
