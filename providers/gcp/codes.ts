/**
 * What Compute Engine's signs mean to us, in order: the first row that fits counts. Each cause has two spellings: the
 * reason of an HTTP error (camelCase) and the code of a failed operation (UPPER_SNAKE). Sources: "Troubleshooting bulk VM
 * creation", "Compute Engine API quota", "Concurrent operations quota", "Troubleshooting resource availability errors". A
 * sign that ends in `*` stands for all that begin so.
 */
import type { Said } from "./said.js"

export type Verdict = "throttled" | "transient" | "capacity" | "quota" | "rejected" | "auth" | "exists" | "summary"

/** What a refusal says about, widest last. */
export type ScopeKind = "pool" | "type-in-zone" | "zone" | "metric" | "region"

export interface CodeRow {
  readonly codes: readonly string[]
  /** Only when the message, or the name of the limit, says so too. */
  readonly message?: RegExp
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
/** Operations end within seconds, and with them their part of the concurrency quota. */
export const OPERATIONS_MS = 3_000
/** A request that was too much for a moment; Google does not say for which. */
const BUSY_MS = 3_000

const pool = { verdict: "capacity", scope: "pool", ttlMs: COLD_MS } as const
const notSold = { verdict: "capacity", ttlMs: NOT_SOLD_MS } as const

export const CODES: readonly CodeRow[] = [
  // Throttles. Windows begin on the minute: "quota refills at the start of the next minute".
  { codes: ["CONCURRENT_OPERATIONS_QUOTA_EXCEEDED"], verdict: "throttled", retryAfter: "operation-ends" },
  {
    codes: ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "quotaExceeded", "QUOTA_EXCEEDED"],
    message: /per ?minute/i,
    verdict: "throttled",
    retryAfter: "next-minute",
  },
  {
    codes: ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_OPERATION_RATE_EXCEEDED"],
    verdict: "throttled",
    retryAfter: BUSY_MS,
  },
  {
    codes: ["LIST_OVERHEAD_QUOTA_EXCEED*", "RESOURCE_EXHAUSTED", "HTTP 429"],
    verdict: "throttled",
    retryAfter: "next-minute",
  },

  // Quotas. The metric says which.
  { codes: ["QUOTA_EXCEEDED", "quotaExceeded", "LIMIT_EXCEEDED"], verdict: "quota", scope: "metric", ttlMs: QUOTA_MS },
  {
    codes: ["IP_SPACE_EXHAUSTED*", "ipSpaceExhausted*"],
    verdict: "quota",
    scope: "region",
    ttlMs: ADDRESS_MS,
    remedy: "the subnetwork has no free addresses: expand its range or name another subnetwork",
  },

  // Capacity. As an HTTP 503 it looks like an outage and is none.
  { codes: ["ZONE_RESOURCE_POOL_EXHAUSTED*", "RESOURCE_POOL_EXHAUSTED*", "REGION_RESOURCE_POOL_EXHAUSTED*"], ...pool },
  { codes: ["insufficientCapacity", "resourcePoolExhausted", "zoneResourcePoolExhausted*"], ...pool },
  { codes: ["resource_availability", "stockout", "GPU_STOCKOUT"], ...pool },
  { codes: ["*"], message: /does not have enough resources available to fulfill the request/i, ...pool },
  // Also what a Spot VM that is preempted while it is created gets.
  { codes: ["UNSUPPORTED_OPERATION", "unsupportedOperation"], ...pool },
  { codes: ["VM_MIN_COUNT_NOT_REACHED", "vmMinCountNotReached"], verdict: "summary", scope: "pool", ttlMs: COLD_MS },
  {
    codes: ["*"],
    message:
      /(machine|accelerator) ?type .* (does not exist|not found|not available) in zone|\/(machine|accelerator)Types\/\S+' was not found/i,
    ...notSold,
    scope: "type-in-zone",
  },
  { codes: ["*"], message: /location .* is not found or access is unauthorized/i, ...notSold, scope: "zone" },

  // Who we are, and what we may.
  {
    codes: ["accessNotConfigured", "SERVICE_DISABLED"],
    verdict: "auth",
    remedy: "enable the Compute Engine API for the project with the link above, and try again some minutes later",
  },
  {
    codes: ["CONSUMER_INVALID"],
    verdict: "auth",
    remedy: "check gcp.project: it does not exist, or these credentials may not use it",
  },
  {
    codes: ["BILLING_DISABLED", "billingNotEnabled", "UREQ_PROJECT_BILLING_NOT_FOUND"],
    verdict: "auth",
    remedy: "link the project to a billing account",
  },
  {
    codes: ["authError", "UNAUTHENTICATED", "ACCESS_TOKEN_*", "HTTP 401"],
    verdict: "auth",
    remedy: "renew the credentials (gcloud auth application-default login)",
  },
  {
    codes: ["IAM_PERMISSION_DENIED", "PERMISSIONS_ERROR", "forbidden", "PERMISSION_DENIED", "insufficientPermissions"],
    verdict: "auth",
    remedy: "grant the permission that is named, see docs/gcp.md for the minimal role",
  },
  {
    codes: ["*"],
    message: /(project .*(not found|deleted|invalid)|failed to find project|unknown project)/i,
    verdict: "rejected",
    remedy: "check gcp.project: it is the project's id, not its name or number",
  },

  // Idempotency.
  {
    codes: ["RESOURCE_ALREADY_EXISTS", "alreadyExists", "ALREADY_EXISTS"],
    verdict: "exists",
    remedy: "an instance of that name exists and is not this cluster's",
  },

  // What passes by itself: the same request with the same id.
  { codes: ["RESOURCE_NOT_READY", "resourceNotReady", "RESOURCE_IN_USE*", "resourceInUse*"], verdict: "transient" },
  {
    codes: [
      "INTERNAL_ERROR",
      "internalError",
      "backendError",
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

  // What will never be accepted.
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
    codes: ["CONDITION_NOT_MET", "conditionNotMet", "FAILED_PRECONDITION", "HTTP 412"],
    verdict: "rejected",
    remedy: "an organization policy or a precondition forbids it",
  },
  {
    codes: ["RESOURCE_NOT_FOUND", "notFound", "NOT_FOUND", "HTTP 404"],
    verdict: "rejected",
    remedy: "check that image, network, reservation and service account exist",
  },
  {
    codes: ["*"],
    message: /metadata.*(too (large|long)|exceed)/i,
    verdict: "rejected",
    remedy: "make startup shorter, or let it fetch the rest",
  },
  { codes: ["INVALID_*", "invalid", "required", "badRequest", "HTTP 400"], verdict: "rejected" },
]

/** The row for what was said; undefined when all its codes are new to us. */
export function rowOf({
  codes,
  message,
  limitName = "",
}: Pick<Said, "codes" | "message" | "limitName">): CodeRow | undefined {
  const words = `${message} ${limitName}`
  return CODES.find(
    (row) =>
      row.codes.some((known) => codes.some((code) => matches(known, code))) && (row.message?.test(words) ?? true),
  )
}

function matches(known: string, code: string): boolean {
  return known.endsWith("*") ? code.startsWith(known.slice(0, -1)) : known === code
}
