/**
 * What Compute Engine's signs mean to us, in order: the first row that fits counts. One cause has two spellings, the reason of
 * an HTTP error ("conditionNotMet") and the code of an operation ("CONDITION_NOT_MET"); a row has the second and stands for
 * both, wherever the code was read. Sources: "Troubleshooting bulk VM creation", "Compute Engine API quota", "Concurrent
 * operations quota", "Troubleshooting resource availability errors", "Troubleshooting VM creation". A sign that ends in `*`
 * stands for all that begin so.
 */
import { type CommonVerdict, type ErrorRow, findRow } from "../../../src/tables/error-rows.js"
import type { ErrorDetails } from "./refusals/details.js"
import type { ScopeKind } from "./refusals/scopes.js"

/** `exists`: something of that name exists already. `summary`: it sums up the errors beside it. */
export type Verdict = CommonVerdict | "exists" | "summary"

/** A row of the table; `message` is compared with the message and the name of the limit. */
export interface CodeRow extends ErrorRow {
  readonly verdict: Verdict
  readonly scope?: ScopeKind
  readonly ttlMs?: number
  /** For a throttle: wait so long, until the next minute begins, or until something that is under way has ended. */
  readonly retryAfter?: "next-minute" | "operation-ends" | number
  /** What the user can do. */
  readonly remedy?: string
}

/** Google asks to try again later or elsewhere; capacity shifts within minutes. */
export const COLD_MS = 3 * 60_000
/** A zone does not begin to offer a type from one hour to the next. */
const NOT_SOLD_MS = 24 * 3_600_000
/** Quotas free up as instances end. */
const QUOTA_MS = 60_000
/** Addresses of deleted instances come back within half a minute. */
const ADDRESS_MS = 30_000
/** The first backoff of an offer that was refused for an unknown reason. */
export const REFUSED_MS = 60_000
/** What passes by itself mostly does so within seconds. */
export const PASSING_MS = 2_000
/** Operations end within seconds, and with them their part of the concurrency quota. */
export const OPERATIONS_MS = 3_000
/** A request that was too much for a moment; Google does not say for which. */
const BUSY_MS = 3_000

const PROJECT_REMEDY =
  "check project of gcp(), or GOOGLE_CLOUD_PROJECT where that is left out: the id (not the name or number) of a project that these credentials may use"

const pool = { verdict: "capacity", scope: "pool", ttlMs: COLD_MS } as const
const notSold = { verdict: "capacity", ttlMs: NOT_SOLD_MS } as const

export const CODES: readonly CodeRow[] = [
  // Throttles. Windows begin on the minute: "quota refills at the start of the next minute".
  { codes: ["CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"], verdict: "throttled", retryAfter: "operation-ends" },
  {
    codes: ["RATE_LIMIT_EXCEEDED", "USER_RATE_LIMIT_EXCEEDED", "QUOTA_EXCEEDED"],
    message: /per ?minute/i,
    verdict: "throttled",
    retryAfter: "next-minute",
  },
  {
    codes: ["RATE_LIMIT_EXCEEDED", "USER_RATE_LIMIT_EXCEEDED", "RESOURCE_OPERATION_RATE_EXCEEDED"],
    verdict: "throttled",
    retryAfter: BUSY_MS,
  },
  {
    codes: ["LIST_OVERHEAD_QUOTA_EXCEED*", "RESOURCE_EXHAUSTED", "HTTP 429"],
    verdict: "throttled",
    retryAfter: "next-minute",
  },

  // Quotas. The metric says which.
  { codes: ["QUOTA_EXCEEDED", "LIMIT_EXCEEDED"], verdict: "quota", scope: "metric", ttlMs: QUOTA_MS },
  {
    codes: ["IP_SPACE_EXHAUSTED*"],
    verdict: "quota",
    scope: "region",
    ttlMs: ADDRESS_MS,
    remedy: "the subnetwork has no free addresses: expand its range or name another subnetwork",
  },

  // Capacity. As an HTTP 503 it looks like an outage and is none.
  { codes: ["ZONE_RESOURCE_POOL_EXHAUSTED*", "RESOURCE_POOL_EXHAUSTED*", "REGION_RESOURCE_POOL_EXHAUSTED*"], ...pool },
  { codes: ["INSUFFICIENT_CAPACITY", "RESOURCE_AVAILABILITY", "STOCKOUT", "GPU_STOCKOUT"], ...pool },
  { codes: ["*"], message: /does not have enough resources available to fulfill the request/i, ...pool },
  { codes: ["VM_MIN_COUNT_NOT_REACHED"], verdict: "summary", scope: "pool", ttlMs: COLD_MS },
  {
    codes: ["*"],
    message:
      /(machine|accelerator) ?type .* (does not exist|not found|not available) in zone|\/(machine|accelerator)Types\/\S+' was not found/i,
    ...notSold,
    scope: "type-in-zone",
  },
  { codes: ["*"], message: /location .* is not found or access is unauthorized/i, ...notSold, scope: "zone" },

  // Of one machine type. "pd-balanced disk type cannot be used by c4a-standard-8 machine type" comes as badRequest and as
  // UNSUPPORTED_OPERATION, the words for two features that do not go together as either.
  {
    codes: ["*"],
    message:
      /cannot be used by \S+ machine type|\[machine_?type: .*not compatible|(is|are) not supported (for|by|with) .*machine type/i,
    verdict: "refused",
    scope: "type",
    ttlMs: REFUSED_MS,
    remedy: "see the machine series' documentation for the disks and features that it takes",
  },
  // What has nothing to do with types gets it too: a Spot VM that is preempted while it is created.
  { codes: ["UNSUPPORTED_OPERATION"], ...pool },

  // Who we are, and what we may.
  {
    codes: ["ACCESS_NOT_CONFIGURED", "SERVICE_DISABLED"],
    verdict: "auth",
    remedy: "enable the Compute Engine API for the project with the link above, and try again some minutes later",
  },
  {
    codes: ["CONSUMER_INVALID"],
    verdict: "auth",
    remedy: PROJECT_REMEDY,
  },
  {
    codes: ["BILLING_DISABLED", "BILLING_NOT_ENABLED", "UREQ_PROJECT_BILLING_NOT_FOUND"],
    verdict: "auth",
    remedy: "link the project to a billing account",
  },
  {
    codes: ["AUTH_ERROR", "UNAUTHENTICATED", "ACCESS_TOKEN_*", "HTTP 401"],
    verdict: "auth",
    remedy: "renew the credentials (gcloud auth application-default login)",
  },
  // "Cloud KMS error when using key K: Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource …", as HTTP 400.
  {
    codes: ["*"],
    message: /cloud kms error[\s\S]*permission/i,
    verdict: "auth",
    remedy:
      "grant roles/cloudkms.cryptoKeyEncrypterDecrypter on the key to service-PROJECT_NUMBER@compute-system.iam.gserviceaccount.com",
  },
  {
    codes: ["*"],
    message: /cloud kms error/i,
    verdict: "rejected",
    remedy: "check disk.kmsKeyName: the key is enabled, and of this region or global",
  },
  {
    codes: ["*"],
    message: /does not have access to service account/i,
    verdict: "auth",
    remedy: "grant roles/iam.serviceAccountUser on gcp.serviceAccount to whoever launches",
  },
  {
    codes: ["SERVICE_ACCOUNT_ACCESS_DENIED"],
    verdict: "auth",
    remedy: "grant roles/iam.serviceAccountUser on gcp.serviceAccount to whoever launches",
  },
  // "VPC Service Controls", troubleshooting: "Request is prohibited by organization's policy".
  {
    codes: ["SECURITY_POLICY_VIOLATED", "VPC_SERVICE_CONTROLS*"],
    verdict: "auth",
    remedy: "a perimeter of VPC Service Controls forbids it: ask whoever keeps it",
  },
  {
    codes: ["IAM_PERMISSION_DENIED", "PERMISSIONS_ERROR", "FORBIDDEN", "PERMISSION_DENIED", "INSUFFICIENT_PERMISSIONS"],
    verdict: "auth",
    remedy: "grant the permission that is named, see docs/gcp.md for the minimal role",
  },
  {
    codes: ["*"],
    message: /(project .*(not found|deleted|invalid)|failed to find project|unknown project)/i,
    verdict: "rejected",
    remedy: PROJECT_REMEDY,
  },

  // Idempotency.
  {
    codes: ["RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"],
    verdict: "exists",
    remedy: "an instance of that name exists and is not this cluster's",
  },

  // What passes by itself.
  { codes: ["RESOURCE_NOT_READY", "RESOURCE_IN_USE*"], verdict: "transient" },
  {
    codes: [
      "INTERNAL_ERROR",
      "BACKEND_ERROR",
      "UNAVAILABLE",
      "INTERNAL",
      "ABORTED",
      "DEADLINE_EXCEEDED",
      "HTTP 408",
      "HTTP 500",
      "HTTP 502",
      "HTTP 503",
      "HTTP 504",
    ],
    verdict: "transient",
  },
  {
    codes: ["*"],
    message: /page ?token/i,
    verdict: "transient",
    remedy: "the page has expired; the list is begun anew",
  },

  // What will never be accepted, whichever the offer.
  {
    codes: ["*"],
    message: /unknown zone/i,
    verdict: "rejected",
    remedy: "check gcp.zones: gcloud compute zones list names those there are",
  },
  {
    codes: ["*"],
    message: /unknown region/i,
    verdict: "rejected",
    remedy: "check gcp.region: gcloud compute regions list names those there are",
  },
  {
    codes: ["CONDITION_NOT_MET", "HTTP 412"],
    verdict: "rejected",
    remedy: "an organization policy or a precondition forbids it",
  },
  // What a zone has of its own, such as a reservation or a kind of disk, another may have.
  {
    codes: ["RESOURCE_NOT_FOUND", "NOT_FOUND", "HTTP 404"],
    message: /zones\/[a-z0-9-]+\/\w+\/\S+' was not found/i,
    verdict: "refused",
    scope: "type-in-zone",
    ttlMs: REFUSED_MS,
    remedy: "check that the zone has it",
  },
  {
    codes: ["RESOURCE_NOT_FOUND", "EXTERNAL_RESOURCE_NOT_FOUND", "NOT_FOUND", "HTTP 404"],
    verdict: "rejected",
    remedy: "check that image, network, reservation and service account exist",
  },
  {
    codes: ["*"],
    message: /metadata.*(too (large|long)|exceed)/i,
    verdict: "rejected",
    remedy: "make startup shorter, or let it fetch the rest",
  },
  { codes: ["INVALID_USAGE", "REQUIRED"], verdict: "rejected" },

  // A field has a wrong value: of this offer, until others are refused alike.
  { codes: ["INVALID*", "BAD_REQUEST", "FAILED_PRECONDITION", "HTTP 400"], verdict: "refused", ttlMs: REFUSED_MS },
]

/** The row for a refusal; undefined when the table knows none of its codes. */
export function rowOf({
  codes,
  message,
  limitName = "",
}: Pick<ErrorDetails, "codes" | "message" | "limitName">): CodeRow | undefined {
  return findRow(CODES, { codes: codes.map(spellingOf), message: `${message} ${limitName}` })
}

/** "CONDITION_NOT_MET" of "conditionNotMet". */
function spellingOf(code: string): string {
  return code.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()
}
