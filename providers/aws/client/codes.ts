/**
 * What EC2's error codes mean to us, wherever one stands, in order: the first row that fits counts. Codes are those of "Error
 * codes for the Amazon EC2 API" unless a row says otherwise. A code that ends in `*` stands for all that begin so.
 */

import { OTHER_QUOTA_MS, QUOTAS } from "./quota-codes.js"
import { findRow } from "../../../src/tables/error-rows.js"
import { COLD_MS, type CodeRow } from "./code-rows.js"

/** A zone does not begin to offer a type from one hour to the next. */
const NOT_SOLD_MS = 24 * 3_600_000

const pool = { verdict: "capacity", scope: "pool", ttlMs: COLD_MS } as const
const zone = { verdict: "capacity", scope: "zone", ttlMs: COLD_MS } as const
const notSold = { verdict: "capacity", scope: "pool", ttlMs: NOT_SOLD_MS } as const
const noSuchZone = { verdict: "capacity", scope: "zone", ttlMs: NOT_SOLD_MS } as const

const KEYS_REMEDY =
  "check the access key and secret, that the key is active, and that region {region} is enabled for the account (opt-in regions are not until somebody does so: aws account enable-region --region-name {region})"

export const CODES: readonly CodeRow[] = [
  // Throttles, with those of the SDKs' own list.
  {
    codes: ["RequestLimitExceeded", "EC2ThrottledException", "Throttling*", "ThrottledException"],
    verdict: "throttled",
  },
  {
    codes: ["RequestThrottled*", "TooManyRequestsException", "BandwidthLimitExceeded", "SlowDown"],
    verdict: "throttled",
  },

  // Capacity.
  { codes: ["InsufficientInstanceCapacity", "UnfulfillableCapacity", "InsufficientCapacity"], ...pool },
  { codes: ["InsufficientHostCapacity", "InsufficientCapacityOnHost", "UnavailableHostRequirements"], ...pool },
  { codes: ["InsufficientReservedInstanceCapacity", "InsufficientReservedInstancesCapacity"], ...pool },
  {
    codes: ["ReservationCapacityExceeded"],
    ...pool,
    remedy: "the reservation is used up: name a larger one, or leave reservation out",
  },
  { codes: ["SpotMaxPriceTooLow"], ...pool, remedy: "raise maxSpotPrice or add instance types" },
  { codes: ["InsufficientVolumeCapacity"], ...zone, remedy: "add zones: this one has no room for disks now" },
  {
    codes: ["InsufficientAddressCapacity"],
    ...zone,
    remedy: "do without public addresses (publicAddress: false), or add zones",
  },
  { codes: ["InsufficientFreeAddressesInSubnet"], ...zone, remedy: "add a subnet with free addresses to subnetIds" },
  { codes: ["Unsupported"], ...notSold },
  // A fleet's own word for it, per pool: "Your requested instance type (T) is not supported in your requested Availability Zone
  // (Z)." (github.com/compiler-explorer/infra/issues/601).
  { codes: ["InvalidFleetConfiguration"], message: /not supported/i, ...notSold },
  { codes: ["InvalidAvailabilityZone", "VolumeTypeNotAvailableInZone", "InvalidZone.NotFound"], ...noSuchZone },
  { codes: ["InvalidParameterValue"], message: /invalid availability zone/i, ...noSuchZone },

  ...QUOTAS,

  // Who we are, and what we may.
  { codes: ["UnauthorizedOperation"], verdict: "auth", remedy: "allow this action to the principal" },
  {
    // On demand nothing is missing.
    codes: ["AuthFailure.ServiceLinkedRoleCreationNotPermitted"],
    verdict: "refused",
    scope: "market",
    ttlMs: OTHER_QUOTA_MS,
    remedy: "create the role once with: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
  },
  {
    codes: ["RequestExpired", "RequestTimeTooSkewed"],
    verdict: "auth",
    isAboutKeys: true,
    remedy: "the session has expired or this machine's clock is wrong: renew the credentials, check the time",
  },
  {
    codes: ["ExpiredToken*", "TokenRefreshRequired", "InvalidToken"],
    verdict: "auth",
    isAboutKeys: true,
    remedy: "renew the credentials (aws sso login)",
  },
  {
    codes: ["AuthFailure"],
    message: /image|ami/i,
    verdict: "auth",
    remedy: "the image is not shared with this account",
  },
  {
    // A region that is not enabled has the same message as a wrong key ("AWS was not able to validate the provided access
    // credentials", github.com/turbot/steampipe-plugin-aws/issues/75).
    codes: ["AuthFailure", "InvalidClientTokenId", "InvalidAccessKeyId", "UnrecognizedClientException"],
    verdict: "auth",
    isAboutKeys: true,
    remedy: KEYS_REMEDY,
  },
  {
    codes: ["SignatureDoesNotMatch", "InvalidSignatureException", "InvalidSecurity"],
    verdict: "auth",
    isAboutKeys: true,
    remedy: "check the access key and secret, and that the key is active",
  },
  {
    codes: [
      "AuthFailure.*",
      "IncompleteSignature",
      "MissingAuthenticationToken",
      "AccessDenied",
      "AccessDeniedException",
    ],
    verdict: "auth",
  },
  {
    codes: ["OptInRequired"],
    verdict: "auth",
    remedy:
      "enable region {region} for the account (opt-in: aws account enable-region --region-name {region}), or subscribe to the image's product",
  },
  {
    codes: ["PendingVerification"],
    verdict: "auth",
    remedy: "AWS is still verifying the account; try again in some minutes",
  },
  { codes: ["Blocked", "AccountDisabled"], verdict: "auth", remedy: "the account is blocked; contact AWS Support" },

  // Server errors: what they were the answer to may have been done.
  { codes: ["InternalError", "InternalFailure", "ServerInternal", "RetryableError"], verdict: "unknown" },
  { codes: ["ServiceUnavailable", "Unavailable", "RequestTimeout*"], verdict: "unknown" },
  // Something is changing.
  { codes: ["IncorrectInstanceState", "IncorrectState", "InvalidState", "ConcurrentTagAccess"], verdict: "passing" },

  // What is not known, or not yet.
  {
    codes: ["InvalidLaunchTemplateName.NotFound*", "InvalidLaunchTemplateId.*"],
    verdict: "missing",
    missing: "template",
    remedy: "the launch template is new or was deleted; it is made again",
  },
  {
    codes: ["InvalidGroup.NotFound", "InvalidSecurityGroupID.*"],
    verdict: "missing",
    missing: "group",
    remedy: "check securityGroupIds: a group belongs to one VPC",
  },
  {
    // "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name", and "IAM Instance Profile
    // "arn" has no associated IAM Roles" (github.com/hashicorp/terraform/issues/2660): new profiles are refused so for a while.
    codes: ["InvalidParameterValue"],
    message: /iamInstanceProfile|IAM Instance Profile/i,
    verdict: "missing",
    missing: "profile",
    remedy: "check instanceProfile and that it has a role; a new one is known everywhere after two minutes",
  },

  // What says something of the type, or of the zone: which of them, other answers show.
  {
    codes: ["UnsupportedOperation", "EncryptedVolumesNotSupported", "BootForVolumeTypeUnsupported"],
    verdict: "refused",
  },
  { codes: ["InvalidInstanceType"], verdict: "refused", remedy: "check the type's name, and that this region has it" },
  {
    codes: ["InvalidParameterValue"],
    message: /for InstanceType/i,
    verdict: "refused",
    remedy: "check the type's name",
  },
  {
    codes: ["InvalidParameterValue"],
    message: /architecture/i,
    verdict: "refused",
    remedy: "name an image for the type's processor, or types for the image's: arch decides between them",
  },
  {
    // "The T instance type does not support an AMI with a boot mode of UEFI."
    codes: ["InvalidParameterValue"],
    message: /boot mode/i,
    verdict: "refused",
    remedy: "name types that boot the image's way",
  },
  {
    // "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 'T' instance type."
    codes: ["InvalidParameterCombination"],
    message: /Elastic Network Adapter/i,
    verdict: "refused",
    remedy: "name an image with ENA, or older types",
  },
  {
    codes: ["*"],
    message: /not eligible for Free Tier/i,
    verdict: "refused",
    remedy: "choose a Free Tier type or upgrade the account's plan",
  },
  {
    codes: ["InvalidLaunchTargets"],
    verdict: "refused",
    remedy: "check reservation: it belongs to one account, region, zone and type",
  },

  {
    codes: ["InvalidSubnet*"],
    verdict: "refused",
    remedy: "check subnetIds: a subnet belongs to one region",
  },
  {
    codes: ["MissingInput"],
    message: /availability zone/i,
    verdict: "refused",
    remedy: "this zone has no default subnet: name subnets with subnetIds",
  },

  // What a reader begins again for (pages.ts), and what DryRun answers when all is well.
  { codes: ["InvalidNextToken", "InvalidPaginationToken", "DryRunOperation"], verdict: "rejected" },
  // Interfaces of instances that are on their way out still use it.
  {
    codes: ["DependencyViolation", "InvalidGroup.InUse"],
    verdict: "rejected",
    remedy: "something still uses it: instances that are ending give it free within minutes; try again then",
  },

  // What will never be accepted, whichever the offer.
  {
    codes: ["IdempotentParameterMismatch"],
    verdict: "rejected",
    remedy:
      "the token was used before for another request: look for instances with the tag muster-launch={token}, and report a bug",
  },
  {
    codes: ["InvalidAMIID.*"],
    verdict: "rejected",
    remedy: "check imageId: images belong to one region and can be deregistered",
  },
  {
    codes: ["VPCIdNotSpecified", "DefaultVpcDoesNotExist", "VPCResourceNotSpecified", "MissingInput"],
    verdict: "rejected",
    remedy: "this region has no default VPC: name subnets with subnetIds",
  },
  {
    codes: ["OperationNotPermitted"],
    verdict: "rejected",
    remedy: "remove the instance's termination protection (disableApiTermination)",
  },
  {
    codes: ["InvalidUserData.Malformed"],
    verdict: "rejected",
    remedy: "make startup shorter, or let it fetch the rest",
  },
  { codes: ["UnknownParameter", "MissingParameter"], verdict: "rejected", remedy: "check overrides" },
  {
    codes: ["TagPolicyViolation"],
    verdict: "rejected",
    remedy: "give the group the tags that the organization's tag policy wants",
  },
  {
    codes: ["InvalidParameter"],
    message: /different networks/i,
    verdict: "rejected",
    remedy: "name security groups of the subnets' own VPC",
  },
  {
    codes: ["InvalidCapacityReservationId.*"],
    verdict: "rejected",
    remedy: "check reservation: it belongs to one account, region, zone and type",
  },
  {
    codes: ["InvalidCapacityReservationState.PendingActivation"],
    verdict: "rejected",
    remedy: "the capacity block has not begun yet; launch after its start",
  },
  {
    codes: ["InvalidPlacementGroup.Unknown"],
    verdict: "rejected",
    remedy: "create the placement group, or check its name",
  },
  { codes: ["InvalidKeyPair.NotFound"], verdict: "rejected", remedy: "check keyName: key pairs belong to one region" },
  {
    codes: ["CustomerKeyHasBeenRevoked"],
    verdict: "rejected",
    remedy: "enable the KMS key that encrypts the image's disks",
  },
]

/** The row for a code; undefined when the code is new to us. */
export function rowOf(code: string, message: string): CodeRow | undefined {
  return findRow(CODES, { codes: [code], message })
}
