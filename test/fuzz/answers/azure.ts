/** Azure's answers for the fuzz: what its wire can be made to say to each request that a cluster's life sends. */
import { adapterOf } from "../../../providers/azure/adapter.js"
import type { Verdict } from "../../../providers/azure/client/code-rows.js"
import { rowOf } from "../../../providers/azure/client/codes.js"
import type { ScopeKind } from "../../../providers/azure/client/scopes.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import { AZURE_WORLD, azureWire } from "../../../providers/azure/wire/index.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { World } from "../../../src/simulator/index.js"
import { type AnswerCase, type AnswerSubject, SHARED, type Stand } from "./subject.js"

const PUT = "VirtualMachines_CreateOrUpdate"

type Words = readonly [status: number, code: string, message: string]

/** What the pages of Azure's errors show, one of each kind at least; and words that nobody has seen. */
const LAUNCH: readonly Words[] = [
  [409, "SkuNotAvailable", "The requested size for resource 'v' is currently not available in location 'westeurope'."],
  [
    409,
    "OperationNotAllowed",
    "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional details - Current Limit: 10.",
  ],
  [
    409,
    "PublicIPCountLimitReached",
    "Cannot create more than 10 public IP addresses for this subscription in this region.",
  ],
  [400, "BadRequest", "The selected VM size 'S' cannot boot Hypervisor Generation '2'. Please check the image."],
  [
    400,
    "InvalidParameter",
    "The VM size 'S' cannot boot with OS image or disk. Please check that disk controller types match.",
  ],
  [403, "RequestDisallowedByPolicy", "Resource 'v' was disallowed by policy 'Allowed virtual machine size SKUs'."],
  [403, "RequestDisallowedByPolicy", "Resource 'v' was disallowed by policy 'Require a cost centre'."],
  [403, "AuthorizationFailed", "The client does not have authorization to perform action 'virtualMachines/write'."],
  [404, "PlatformImageNotFound", "The platform image 'p:o:s:v' is not available."],
  [
    409,
    "OperationNotAllowed",
    "The specified disk size 50 GB is smaller than the size of the corresponding disk in the VM image.",
  ],
  [409, "Conflict", "The request failed due to conflict with a concurrent request."],
  [412, "PreconditionFailed", "The precondition 'If-None-Match: *' failed."],
  [429, "RetryableErrorDueToAnotherOperation", "Operation PutSubnetOperation is updating resource subnet."],
  [404, "ResourceGroupNotFound", "Resource group could not be found."],
  [429, "TooManyRequests", "Too many requests have been received for this subscription."],
  [400, "InvalidResourceReference", "A subnet referenced by resource was not found."],
  [409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress."],
  [409, "MissingSubscriptionRegistration", "The subscription is not registered to use namespace 'Microsoft.Compute'."],
  [404, "ResourceNotFound", "The resource under resource group was not found."],
  [400, "NeverSeen", "Nobody has ever seen these words."],
  [403, "NeverSeenEither", "Neither has anybody seen these."],
  [409, "NeverSeenAtAll", "And these say nothing of a name."],
  [500, "InternalServerError", "Encountered an internal server error. The tracking id is x."],
  [503, "NeverSeenOfAServer", "The server is having a bad day."],
]

const FAILED_VIEW: readonly Words[] = [
  [
    0,
    "ZonalAllocationFailed",
    "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone.",
  ],
  [
    0,
    "OverconstrainedAllocationRequest",
    "Allocation failed. VM(s) with the following constraints cannot be allocated.",
  ],
  [0, "ServerTimeout", "The server timed out waiting for a response."],
  [0, "InternalExecutionError", "An internal execution error occurred."],
  [0, "NetworkingInternalOperationError", "Unknown network allocation error."],
  [0, "RequestDisallowedByPolicy", "Resource 'nic' was disallowed by policy 'No public addresses'."],
  [0, "OSProvisioningTimedOut", "OS Provisioning for VM did not finish in the allotted time."],
  [0, "NeverSeenInAView", "Nobody has ever seen a VM fail so."],
]

/** Requests that are not about an offer: a refusal of one is met by every offer alike. */
const OTHERS: readonly string[] = [
  "ResourceSkus_List",
  "VirtualMachineImages_List",
  "ResourceGroups_Get",
  "ResourceGroups_CreateOrUpdate",
  "VirtualMachineScaleSets_CreateOrUpdate",
  "VirtualNetworks_Get",
  "NetworkSecurityGroups_CreateOrUpdate",
  "VirtualNetworks_CreateOrUpdate",
  "ResourceGroups_List",
  "VirtualMachines_List",
  "VirtualMachines_Get",
  "NetworkInterfaces_List",
  "PublicIPAddresses_List",
  "VirtualMachines_ListAll",
  "VirtualMachines_Delete",
  "ResourceGroups_Delete",
]

const OTHER_WORDS: readonly Words[] = [
  [403, "AuthorizationFailed", "The client does not have authorization to perform this action."],
  [404, "ResourceGroupNotFound", "Resource group could not be found here."],
  [429, "SubscriptionRequestsThrottled", "Number of requests for subscription exceeded the limit. Try again later."],
  [401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time."],
  [409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress."],
  [400, "NeverSeenHere", "Nobody has ever seen these words here."],
  [500, "InternalServerError", "Encountered an internal server error. The tracking id is y."],
]

const MEANING: Readonly<Record<Verdict, AnswerCase["meaning"]>> = {
  throttled: "throttled",
  transient: "passing",
  conflict: "passing",
  // It passes while what is named is young; what stays away ends the group.
  missing: "hopeless",
  fenced: "hopeless",
  capacity: "refused",
  quota: "refused",
  refused: "refused",
  rejected: "hopeless",
  auth: "hopeless",
  // A guest that does not come up has an image or a script that is wrong.
  boot: "hopeless",
}

function caseOf(api: string, place: AnswerCase["place"], [status, code, message]: Words): AnswerCase {
  const row = rowOf(code, message, status)
  const isDone = place === "whole" && status >= 500
  const unknown = api === PUT ? "refused" : "hopeless"
  const meaning = isDone ? "unknown" : row === undefined ? unknown : MEANING[row.verdict]
  const whole = place === "whole" ? { status } : {}
  const shared = SHARED[WIDTHS[row?.scope ?? "asked"]]
  return { api, place, code, message, isKnown: row !== undefined, meaning, shared, ...whole }
}

/** A quota of a family is of a market as well, and both sizes are of one family. */
const WIDTHS: Readonly<Record<ScopeKind, keyof typeof SHARED>> = {
  pool: "pool",
  "type-in-zone": "type-in-zone",
  asked: "type-in-zone",
  family: "market",
  market: "market",
  region: "region",
}

const CASES: readonly AnswerCase[] = [
  ...LAUNCH.map((words) => caseOf(PUT, "whole", words)),
  ...FAILED_VIEW.map((words) => caseOf(PUT, "failed-view", words)),
  ...OTHERS.flatMap((api) => OTHER_WORDS.map((words) => caseOf(api, "whole", words))),
  caseOf("VirtualNetworks_CreateOrUpdate", "operation", [0, "InternalServerError", "An error occurred."]),
  caseOf("VirtualNetworks_CreateOrUpdate", "operation", [0, "NeverSeenInAnOperation", "It ended so."]),
]

const SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
const CREDENTIAL = {
  getToken: () => Promise.resolve({ token: "token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
}

async function open(seed: number): Promise<Stand> {
  const clock = new VirtualClock({ seed })
  const latency = {
    requestMs: [20, 60],
    createMs: [50, 150],
    bootMs: [5_000, 20_000],
    stopMs: [5_000, 10_000],
  } as const
  const world = new World({ ...AZURE_WORLD, clock, seed, listLagMs: [0, 1_000], latency })
  const wire = await azureWire({ world })
  const options = parseAzureOptions({
    subscriptionId: SUBSCRIPTION,
    location: world.settings.region,
    endpoint: wire.url,
    pricesEndpoint: wire.url,
    ca: wire.ca,
    credential: CREDENTIAL,
  })
  return {
    clock,
    world,
    provider: adapterOf(options),
    instanceTypes: ["Standard_D2s_v5", "Standard_D4s_v5"],
    zones: ["1", "2"],
    answer: ({ api, place, code, message, status }, aim) => {
      if (place !== "whole" && place !== "operation" && place !== "failed-view")
        throw new RangeError(`Azure has no answers of the place ${place}`)
      wire.answer({ api, place, code, message, ...(status === undefined ? {} : { status }), ...aim })
    },
    requests: () => {
      const counts = new Map<string, number>()
      for (const { api } of world.ledger.entries) counts.set(api, (counts.get(api) ?? 0) + 1)
      return counts
    },
    close: () => wire.close(),
  }
}

export const azureAnswers: AnswerSubject = { cloud: "azure", cases: CASES, open }
