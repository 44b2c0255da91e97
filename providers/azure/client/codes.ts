/**
 * What Azure's error codes mean to us, in order: the first row that fits counts. Sources: "Understand common error
 * messages when you manage virtual machines in Azure", "Error codes for Azure Spot Virtual Machines", "Resolve errors for
 * resource quotas", and the tables of Karpenter's and Gardener's Azure providers. Quota and throttle share
 * `OperationNotAllowed`; the message and the details tell them apart.
 */
import { findRow } from "../../../src/tables/error-rows.js"
import { type CodeRow, COLD_MS, HOUR_MS } from "./code-rows.js"
import { QUOTA_CODES } from "./quota-codes.js"

/** A size that is not sold to this subscription is not from one hour to the next. */
const NOT_SOLD_MS = 23 * HOUR_MS

export const CODES: readonly CodeRow[] = [
  // A lock of the network provider, told with the status of a throttle.
  { codes: ["RetryableErrorDueToAnotherOperation"], verdict: "transient" },
  { codes: ["*"], status: 429, verdict: "throttled" },
  { codes: ["TooManyRequests", "SubscriptionRequestsThrottled", "TenantRequestsThrottled"], verdict: "throttled" },

  ...QUOTA_CODES,

  // Capacity. Only the first ones refuse the request itself; the others come after it was accepted.
  // The page of spot's errors has a code for it; what is sent has the most general one, and the same words.
  {
    codes: ["OperationNotAllowed"],
    message: /max price/i,
    verdict: "capacity",
    scope: "pool",
    ttlMs: COLD_MS,
    remedy: "raise maxPrice, or leave it out",
  },
  // Sold, and used up for now; without these words it is not sold to this subscription.
  { codes: ["SkuNotAvailable"], message: /capacity restriction/i, verdict: "capacity", scope: "pool", ttlMs: COLD_MS },
  {
    codes: ["SkuNotAvailable"],
    verdict: "capacity",
    scope: "pool",
    ttlMs: NOT_SOLD_MS,
    // The same words say that there is no spot capacity at the moment ("Error messages for Azure Spot Virtual Machines").
    spotTtlMs: COLD_MS,
    remedy: "add sizes, zones or a location",
  },
  { codes: ["ZonalAllocationFailed", "AllocationFailed"], verdict: "capacity", scope: "type-in-zone", ttlMs: COLD_MS },
  {
    codes: ["OverconstrainedZonalAllocationRequest", "OverconstrainedAllocationRequest"],
    verdict: "capacity",
    scope: "pool",
    ttlMs: COLD_MS,
  },
  { codes: ["InsufficientCapacity", "CapacityReservation*"], verdict: "capacity", scope: "pool", ttlMs: COLD_MS },
  {
    codes: ["SpotPriceGreaterThanProvidedMaxPrice"],
    verdict: "capacity",
    scope: "pool",
    ttlMs: COLD_MS,
    remedy: "raise maxPrice, or leave it out",
  },
  {
    codes: ["AzureSpotIsNotSupportedForThisVMSize", "AzureSpotFeatureNotEnabledForSubscription"],
    verdict: "capacity",
    scope: "pool",
    ttlMs: NOT_SOLD_MS,
  },
  { codes: ["BadRequest"], message: /not supported/i, verdict: "capacity", scope: "pool", ttlMs: NOT_SOLD_MS },

  // A size that cannot do what is asked of it ("Support for generation 2 VMs", "FAQ for remote NVMe disks").
  {
    codes: ["BadRequest", "InvalidParameter"],
    message: /cannot boot (hypervisor generation|with)|cpu architecture|disk controller type/i,
    verdict: "refused",
    remedy: "name sizes that can boot this image, or an image for this size",
  },
  // The built-in policy "Allowed virtual machine size SKUs", and those that people write after it.
  {
    codes: ["RequestDisallowedByPolicy"],
    message: /\b(skus?|sizes?)\b/i,
    verdict: "refused",
    remedy: "a policy forbids this size: add sizes that it allows, or ask for an exemption",
  },

  // The group is being deleted: this generation has ended.
  { codes: ["ResourceGroupBeingDeleted"], verdict: "fenced", remedy: "somebody closes this cluster; start it anew" },

  // A resource with this name exists already, or is being made or deleted.
  {
    codes: ["OperationNotAllowed", "Conflict"],
    message: /marked for deletion|another operation|in progress/i,
    verdict: "conflict",
  },
  {
    codes: ["SecurityRuleConflict"],
    verdict: "conflict",
    remedy: "another rule has this priority",
  },
  {
    codes: ["PropertyChangeNotAllowed", "PreconditionFailed", "AnotherOperationInProgress", "OperationPreempted"],
    verdict: "conflict",
  },

  // Who we are, and what we may.
  {
    codes: ["AuthorizationFailed", "LinkedAuthorizationFailed"],
    verdict: "auth",
    remedy:
      "give the principal a role with this action (docs/azure.md has the smallest one); a new assignment takes some minutes",
  },
  {
    codes: ["InvalidAuthenticationToken*", "ExpiredAuthenticationToken", "AuthenticationFailed"],
    verdict: "auth",
    remedy: "log in again (az login), and check the tenant",
  },
  {
    codes: ["SubscriptionNotRegistered", "MissingSubscriptionRegistration"],
    verdict: "auth",
    remedy: "register the provider once: az provider register --namespace Microsoft.Compute (and Microsoft.Network)",
  },
  {
    codes: ["SubscriptionNotFound", "InvalidSubscriptionId"],
    verdict: "auth",
    remedy: "check subscriptionId, and the tenant you are logged in to",
  },
  {
    codes: ["ReadOnlyDisabledSubscription", "DisallowedOperation"],
    verdict: "auth",
    remedy: "the subscription is disabled or restricted",
  },
  {
    codes: ["RequestDisallowedByPolicy", "RequestDisallowedByAzure"],
    verdict: "rejected",
    remedy: "a policy forbids it: give the tags that it wants with azure({ tags }), or ask for an exemption",
  },
  { codes: ["ScopeLocked"], verdict: "rejected", remedy: "remove the lock (az lock list), and try again" },

  // What passes by itself.
  // azure.referenced-doors: its code is not documented, its words are (Azure/azure-cli#12591). An interface or a rule that is on its way out still names it.
  {
    codes: ["*"],
    message: /application security group .*cannot be deleted because it is referenced/i,
    verdict: "transient",
  },
  {
    codes: [
      "NicReservedForAnotherVm",
      "NicInUse",
      "InUseSubnetCannotBeDeleted",
      "PublicIPAddressCannotBeDeleted",
      "InUse*",
    ],
    verdict: "transient",
  },
  {
    codes: ["NetworkingInternalOperationError", "InternalOperationError", "InternalExecutionError"],
    verdict: "transient",
  },
  { codes: ["InternalServerError", "RetryableError", "DiskPreparationError", "StorageFailure*"], verdict: "transient" },
  {
    codes: ["ResourceUpdateBlockedOnPlatformUpdate", "ServiceUnavailable", "GatewayTimeout", "ServerTimeout"],
    verdict: "transient",
  },
  { codes: ["ReferencedResourceNotProvisioned"], verdict: "transient" },

  // A guest that did not come up: seen on a VM that was accepted.
  { codes: ["OSProvisioning*", "VMStartTimedOut", "VMExtension*", "VMAgent*"], verdict: "boot" },

  // What will never be accepted.
  {
    codes: ["ImageNotFound", "PlatformImageNotFound", "GalleryImageNotFound", "SubscriptionNotAuthorizedForImage"],
    verdict: "rejected",
    remedy: "check the image, and that this location has it (az vm image list)",
  },
  {
    codes: ["MarketplacePurchaseEligibilityFailed", "VMMarketplaceInvalidInput", "ResourcePurchaseValidationFailed"],
    verdict: "rejected",
    remedy:
      "accept the image's terms once (az vm image terms accept); an image that may not be read needs its plan in overrides",
  },
  {
    codes: ["LocationNotAvailableForResourceType", "NoRegisteredProviderFound", "LocationNotAvailableForResourceGroup"],
    verdict: "rejected",
    remedy: "check location (az account list-locations)",
  },
  { codes: ["MaxPriceValueInvalid"], verdict: "rejected", remedy: "check maxPrice" },

  // The image has words of its own above, and a plain "NotFound" names it in the message.
  {
    codes: ["NotFound"],
    message: /\bVMImage\b/,
    verdict: "rejected",
    remedy: "check the image, and that this location has it (az vm image list)",
  },
  { codes: ["InvalidResourceReference", "*NotFound"], verdict: "missing" },
]

/** The row for a code; undefined when the code is new to us. */
export function rowOf(code: string, message: string, status?: number): CodeRow | undefined {
  return findRow(CODES, { codes: [code], message, status })
}
