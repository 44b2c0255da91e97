/**
 * What EC2's error codes mean to us, in order: the first row that fits counts. Codes are those of "Error codes for the
 * Amazon EC2 API" unless a row says otherwise. A code that ends in `*` stands for all that begin so.
 */

export type Verdict = "throttled" | "transient" | "capacity" | "quota" | "rejected" | "auth"

/** What a refusal says about, widest last: the pool, the type in the zone, the zone, the quota family, the market, all. */
export type ScopeKind = "pool" | "type-in-zone" | "zone" | "family" | "market" | "region"

export interface CodeRow {
  readonly codes: readonly string[]
  /** Only when the message says so too. */
  readonly message?: RegExp
  readonly verdict: Verdict
  readonly scope?: ScopeKind
  readonly ttlMs?: number
  /** What the user can do. */
  readonly remedy?: string
}

/** Karpenter forgets a cold pool after three minutes, and by AWS's own words capacity shifts within minutes. */
export const COLD_MS = 3 * 60_000
/** A zone does not begin to offer a type from one hour to the next. */
const NOT_SOLD_MS = 24 * 3_600_000
/** Terminated instances may count against a quota for a while ("Instance state changes"). */
const QUOTA_MS = 60_000
/** Quotas on disks and interfaces free up as instances end, not by waiting. */
const OTHER_QUOTA_MS = 10 * 60_000

const pool = { verdict: "capacity", scope: "pool", ttlMs: COLD_MS } as const
const zone = { verdict: "capacity", scope: "zone", ttlMs: COLD_MS } as const

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
  { codes: ["ReservationCapacityExceeded"], ...pool, remedy: "the reservation is used up" },
  { codes: ["SpotMaxPriceTooLow"], ...pool, remedy: "raise maxSpotPrice or add instance types" },
  { codes: ["InsufficientVolumeCapacity", "InsufficientAddressCapacity"], ...zone },
  { codes: ["InsufficientFreeAddressesInSubnet"], ...zone, remedy: "add a subnet with free addresses to subnetIds" },
  { codes: ["Unsupported"], verdict: "capacity", scope: "type-in-zone", ttlMs: NOT_SOLD_MS },
  {
    codes: ["InvalidAvailabilityZone", "VolumeTypeNotAvailableInZone"],
    verdict: "capacity",
    scope: "zone",
    ttlMs: NOT_SOLD_MS,
  },
  { codes: ["InvalidZone.NotFound"], verdict: "capacity", scope: "zone", ttlMs: NOT_SOLD_MS },

  // Quotas.
  { codes: ["VcpuLimitExceeded", "InstanceLimitExceeded"], verdict: "quota", scope: "family", ttlMs: QUOTA_MS },
  { codes: ["MaxSpotInstanceCountExceeded"], verdict: "quota", scope: "family", ttlMs: QUOTA_MS },
  { codes: ["NetworkInterfaceLimitExceeded"], verdict: "quota", scope: "zone", ttlMs: OTHER_QUOTA_MS },
  {
    codes: ["VolumeLimitExceeded", "MaxIOPSLimitExceeded", "VolumeIOPSLimit"],
    verdict: "quota",
    scope: "region",
    ttlMs: OTHER_QUOTA_MS,
  },
  {
    codes: ["ResourceLimitExceeded", "TargetCapacityLimitExceededException"],
    verdict: "quota",
    scope: "region",
    ttlMs: QUOTA_MS,
  },
  { codes: ["MaxFleetCountExceeded"], verdict: "quota", scope: "region", ttlMs: QUOTA_MS },
  { codes: ["HostLimitExceeded", "AddressLimitExceeded"], verdict: "quota", scope: "region", ttlMs: OTHER_QUOTA_MS },

  // Who we are, and what we may.
  { codes: ["UnauthorizedOperation"], verdict: "auth", remedy: "allow this action to the principal" },
  {
    codes: ["AuthFailure.ServiceLinkedRoleCreationNotPermitted"],
    verdict: "auth",
    remedy: "create the role once with: aws iam create-service-linked-role --aws-service-name spot.amazonaws.com",
  },
  {
    codes: ["RequestExpired", "RequestTimeTooSkewed"],
    verdict: "auth",
    remedy: "the session has expired or this machine's clock is wrong: renew the credentials, check the time",
  },
  {
    codes: ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"],
    verdict: "auth",
    remedy: "renew the credentials (aws sso login)",
  },
  {
    codes: ["AuthFailure"],
    message: /image|ami/i,
    verdict: "auth",
    remedy: "the image is not shared with this account",
  },
  {
    codes: [
      "AuthFailure",
      "AuthFailure.*",
      "InvalidClientTokenId",
      "UnrecognizedClientException",
      "SignatureDoesNotMatch",
    ],
    verdict: "auth",
    remedy: "check the access key and secret, and that the key is active",
  },
  {
    codes: ["IncompleteSignature", "MissingAuthenticationToken", "AccessDenied", "AccessDeniedException"],
    verdict: "auth",
  },
  {
    codes: ["OptInRequired"],
    verdict: "auth",
    remedy: "enable this region (or subscribe to this image) for the account",
  },
  {
    codes: ["PendingVerification"],
    verdict: "auth",
    remedy: "AWS is still verifying the account; try again in some minutes",
  },
  { codes: ["Blocked", "AccountDisabled"], verdict: "auth", remedy: "the account is blocked; contact AWS Support" },

  // What passes by itself: the same call again.
  { codes: ["InternalError", "InternalFailure", "ServerInternal", "RetryableError"], verdict: "transient" },
  { codes: ["ServiceUnavailable", "Unavailable", "RequestTimeout*"], verdict: "transient" },
  { codes: ["IncorrectInstanceState", "IncorrectState", "InvalidState"], verdict: "transient" },
  // A new instance profile takes seconds to be known everywhere (Packer asks eleven times).
  { codes: ["InvalidParameterValue"], message: /iamInstanceProfile/i, verdict: "transient" },

  // What a reader begins again for (pages.ts); sent again as it is, it will be refused again.
  { codes: ["InvalidNextToken", "InvalidPaginationToken"], verdict: "rejected" },
  // Interfaces of instances that are on their way out still use it.
  {
    codes: ["DependencyViolation", "InvalidGroup.InUse"],
    verdict: "rejected",
    remedy: "something still uses it: instances that are ending give it free within minutes; try again then",
  },

  // What DryRun answers when all is well.
  { codes: ["DryRunOperation"], verdict: "rejected" },

  // What will never be accepted.
  {
    codes: ["IdempotentParameterMismatch"],
    verdict: "rejected",
    remedy:
      "the token was used before for another request: look for instances with the tag muster-launch={token}, and report a bug",
  },
  {
    codes: ["*"],
    message: /not eligible for Free Tier/i,
    verdict: "rejected",
    remedy: "choose a Free Tier type or upgrade the account's plan",
  },
  {
    codes: ["InvalidAMIID.*"],
    verdict: "rejected",
    remedy: "check imageId: images belong to one region and can be deregistered",
  },
  { codes: ["InvalidInstanceType"], verdict: "rejected", remedy: "check the type's name, and that this region has it" },
  { codes: ["InvalidSubnet*"], verdict: "rejected", remedy: "check subnetIds: a subnet belongs to one region" },
  {
    codes: ["InvalidGroup.NotFound", "InvalidSecurityGroupID.*"],
    verdict: "rejected",
    remedy: "check securityGroupIds: a group belongs to one VPC",
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
  {
    codes: ["InvalidParameterValue"],
    message: /architecture/i,
    verdict: "rejected",
    remedy: "name an image for the type's processor, or types for the image's: arch decides between them",
  },
  {
    codes: ["InvalidParameter"],
    message: /different networks/i,
    verdict: "rejected",
    remedy: "name security groups of the subnets' own VPC",
  },
  {
    codes: ["InvalidCapacityReservationId.*", "InvalidLaunchTargets"],
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
    codes: ["InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.*"],
    verdict: "rejected",
    remedy: "the launch template was deleted; it is made again with the next launch",
  },
  {
    codes: ["CustomerKeyHasBeenRevoked"],
    verdict: "rejected",
    remedy: "enable the KMS key that encrypts the image's disks",
  },
]

/** The row for a code; undefined when the code is new to us. */
export function rowOf(code: string, message: string): CodeRow | undefined {
  return CODES.find((row) => row.codes.some((known) => matches(known, code)) && (row.message?.test(message) ?? true))
}

function matches(known: string, code: string): boolean {
  return known.endsWith("*") ? code.startsWith(known.slice(0, -1)) : known === code
}
