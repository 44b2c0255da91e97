/** Azure's refusals in the words that its own pages show, over HTTPS and through both SDKs. */
import { describe, expect, test } from "vitest"
import {
  AuthError,
  NotFoundError,
  OfferRefusedError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import { ARM_COMPUTE, installed } from "../../support/newer-sdks.js"
import { errorOf, GIVEN, launchOf, listIn, refusal, type Said, scripted, vmOf } from "../support/scripted.js"

/** What "Resolve errors for resource quotas", "Error messages for Azure Spot" and "Understand throttling" show. */
const SIZE_GONE =
  "The requested size for resource '/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v' is currently not available in location 'westeurope' zones '1' for subscription 's'. Please try another size or deploy to a different location or zones. See https://aka.ms/azureskunotavailable for details."
const approved = (what: string) =>
  `Operation could not be completed as it results in exceeding approved ${what} quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 8, Additional Required: 4, (Minimum) New Limit Required: 12. Setup Alerts when Quota reaches threshold. Submit a request for Quota increase at https://aka.ms/x by specifying parameters listed in the 'Details' section for deployment to succeed.`
const LOW_MAX_PRICE =
  "Unable to perform operation 'Create VM' since the provided max price '0.01 USD' is lower than the current spot price '0.02 USD' for Azure Spot Virtual Machine size 'Standard_D2s_v5'."
const POOL = { zone: "1", instanceType: "Standard_D2s_v5" }
const HOUR_MS = 3_600_000

describe("a create that is refused", () => {
  const refused = async (said: Said, market: "on-demand" | "spot" = "on-demand", sdk?: string) => {
    const arm = await scripted(
      ({ method }) => (method === "PUT" ? said : undefined),
      sdk === undefined ? GIVEN : { ...GIVEN, sdk },
    )
    return arm.provider.launch(launchOf(market), arm.calls)
  }

  test.each([
    ["spot, sold out for now", "spot", refusal(409, "SkuNotAvailable", SIZE_GONE), { ttlMs: HOUR_MS, scope: POOL }],
    ["not sold to us", "on-demand", refusal(409, "SkuNotAvailable", SIZE_GONE), { ttlMs: 23 * HOUR_MS, scope: POOL }],
    [
      "sold out for now",
      "on-demand",
      refusal(
        409,
        "SkuNotAvailable",
        "The requested VM size for resource 'Following SKUs have failed for Capacity Restrictions: Standard_D2s_v5' is currently not available in location 'westeurope'.",
      ),
      { ttlMs: HOUR_MS, scope: POOL },
    ],
    ["maxPrice is too low", "spot", refusal(409, "OperationNotAllowed", LOW_MAX_PRICE), { scope: POOL }],
    [
      "allocation, within what the resource says",
      "on-demand",
      refusal(409, "ResourceOperationFailure", "The resource operation completed with terminal state 'Failed'.", {
        details: [
          { code: "OverconstrainedZonalAllocationRequest", message: "Allocation failed. VM(s) with …", target: "0" },
        ],
      }),
      { code: "OverconstrainedZonalAllocationRequest", scope: POOL },
    ],
  ] as const)("capacity: %s", async (_what, market, said, failure) => {
    const { instances, failures, settled } = await refused(said, market)
    expect([instances, settled]).toEqual([[], true])
    expect(failures).toMatchObject([{ reason: "capacity", ...failure }])
  })

  test.each([
    ["a family's", "on-demand", approved("standardDSv5Family Cores"), { family: "standardDSv5Family" }],
    ["the region's", "on-demand", approved("Total Regional Cores"), { market: "on-demand" }],
    [
      "the region's, as it was said of old",
      "on-demand",
      "Operation results in exceeding quota limits of Core. Maximum allowed: 4, Current in use: 4, Additional requested: 2.",
      { market: "on-demand" },
    ],
    ["spot's", "spot", approved("LowPriorityCores"), { market: "spot" }],
    ["spot's, by its other name", "spot", approved("Total Regional Low-priority vCPUs"), { market: "spot" }],
  ] as const)("quota: %s", async (_what, market, message, scope) => {
    const { failures } = await refused(refusal(409, "OperationNotAllowed", message), market)
    expect(failures).toMatchObject([{ reason: "quota", scope }])
    if (!("family" in scope)) expect(failures[0]?.scope).not.toHaveProperty("family")
  })

  test.each([
    ["AuthorizationFailed", 403, AuthError],
    ["InvalidAuthenticationTokenTenant", 401, AuthError],
    ["ExpiredAuthenticationToken", 401, AuthError],
    ["ReadOnlyDisabledSubscription", 409, AuthError],
    ["SubscriptionNotRegistered", 409, AuthError],
    ["MissingSubscriptionRegistration", 409, AuthError],
    ["RequestDisallowedByPolicy", 403, RejectedError],
    ["ScopeLocked", 409, RejectedError],
    ["NoRegisteredProviderFound", 400, RejectedError],
    ["ResourceGroupNotFound", 404, NotFoundError],
    ["RetryableError", 500, TransientError],
    ["RetryableError", 409, UnavailableError],
    ["NeverSeen", 400, OfferRefusedError],
    ["NeverSeen", 409, OfferRefusedError],
  ] as const)("%s (%i), in every SDK that is installed", async (code, status, type) => {
    const headers = { "www-authenticate": 'Bearer authorization_uri="https://login.example/t", error="invalid_token"' }
    for (const sdk of installed(ARM_COMPUTE)) {
      const error = await errorOf(
        refused({ ...refusal(status, code, "No, because of it."), headers }, "on-demand", sdk),
      )
      expect(error).toBeInstanceOf(type)
      expect(error).toMatchObject({ code, requestId: "r-1" })
      expect(error.message).toContain("No, because of it.")
    }
  })

  test.each([
    [409, "NeverSeen", "The image is being moved.", OfferRefusedError],
    [
      409,
      "OperationNotAllowed",
      "The specified disk size 50 GB is smaller than the size of the corresponding disk in the VM image: 150 GB. This is not allowed. Please choose equal or greater size or do not specify an explicit size.",
      OfferRefusedError,
    ],
    [409, "Conflict", "The request failed due to conflict with a concurrent request.", OfferRefusedError],
    [412, "NeverSeen", "The condition is not met.", OfferRefusedError],
    // They say that the name exists or is changing: what was looked for a moment later tells no more than that it is not there.
    [412, "PreconditionFailed", "The precondition 'If-None-Match: *' failed.", UnavailableError],
    [409, "OperationNotAllowed", "Another operation is in progress on the VM.", UnavailableError],
  ] as const)(
    "%i %s, where there is no such VM: it was answered, in its own words (%#)",
    async (status, code, words, type) => {
      const error = await errorOf(refused(refusal(status, code, words)))
      expect(error.constructor).toBe(type)
      expect(error).toMatchObject({ code })
      expect(error.message).toContain(words)
    },
  )

  test("changing an existing VM, which turns out to be ours, is no error", async () => {
    const arm = await scripted(
      ({ method }) =>
        method === "PUT"
          ? refusal(409, "PropertyChangeNotAllowed", "Changing property 'osProfile' is not allowed.", {
              target: "osProfile",
            })
          : { body: vmOf("default-1", { provisioningState: "Succeeded" }) },
      GIVEN,
    )
    const { instances } = await arm.provider.launch(launchOf(), arm.calls)
    expect(instances).toMatchObject([{ name: "default-1", state: "running" }])
  })
})

describe("throttled", () => {
  const DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
  const INNER = {
    code: "OperationNotAllowed",
    message: "The server rejected the request because too many requests have been received for this subscription.",
    details: [{ code: "TooManyRequests", target: "HighCostGet", message: '{"operationGroup":"HighCostGet"}' }],
    innererror: { internalErrorCode: "TooManyRequestsReceived" },
  }
  test.each([
    ["compute, wrapped", { error: INNER }, { "retry-after": "120" }, 120_000],
    ["compute, bare", INNER, { "retry-after": "120" }, 120_000],
    ["until a moment", { error: INNER }, { date: DATE, "retry-after": "Thu, 01 Jan 2026 00:02:00 GMT" }, 120_000],
    ["until a moment that has passed", { error: INNER }, { date: DATE, "retry-after": DATE }, undefined],
    [
      "Resource Manager",
      { error: { code: "SubscriptionRequestsThrottled", message: "…" } },
      { "retry-after": "3" },
      3_000,
    ],
    ["a provider", { error: { code: "ResourceRequestsThrottled", message: "…" } }, {}, undefined],
    ["a gateway's page", "<html>Slow down</html>", { "retry-after": "5" }, 5_000],
    ["without a word", undefined, { "retry-after": "5" }, 5_000],
  ] as const)("%s", async (_what, body, headers, retryAfterMs) => {
    const arm = await scripted(() => ({ status: 429, body, headers }), GIVEN)
    const error = await errorOf(listIn(arm))
    expect(error).toBeInstanceOf(ThrottledError)
    expect((error as ThrottledError).retryAfterMs).toBe(retryAfterMs)
  })

  test("a lock of the network's that has the status of a throttle is none", async () => {
    const details = [
      { code: "RetryableErrorDueToAnotherOperation", message: "Operation PutSubnetOperation (x) is updating …" },
    ]
    const arm = await scripted(() => refusal(429, "RetryableError", "A retryable error occurred.", { details }), GIVEN)
    const error = await errorOf(listIn(arm))
    expect(error).toBeInstanceOf(TransientError)
    expect(error).not.toBeInstanceOf(ThrottledError)
  })
})
