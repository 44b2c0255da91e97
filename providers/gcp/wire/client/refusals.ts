/** Compute Engine's refusals: reasons, their HTTP status and their body, as Google's services write them. */
import type { JsonObject } from "../../../../src/provider.js"
import { type World, WorldError, type WorldErrorKind } from "../../../../src/simulator/index.js"

/** What Compute Engine answers instead of doing it. */
export class Refusal extends Error {
  readonly status: number
  readonly reason: string
  readonly details: readonly JsonObject[]

  constructor(status: number, reason: string, message: string, details: readonly JsonObject[] = []) {
    super(message)
    this.name = "Refusal"
    this.status = status
    this.reason = reason
    this.details = details
  }
}

/** The reason and status of an error of the world that has no reason of Google's. */
const DEFAULTS: Readonly<Record<WorldErrorKind, readonly [reason: string, status: number]>> = {
  throttled: ["rateLimitExceeded", 403],
  transient: ["backendError", 503],
  capacity: ["resourcePoolExhausted", 503],
  quota: ["quotaExceeded", 403],
  rejected: ["conditionNotMet", 400],
  auth: ["forbidden", 403],
  lost: ["backendError", 503],
  cut: ["backendError", 503],
  garbled: ["backendError", 503],
}

/** Reasons with a status of their own. */
const STATUS: Readonly<Record<string, number>> = {
  authError: 401,
  conditionNotMet: 412,
  alreadyExists: 409,
  notFound: 404,
  internalError: 500,
  insufficientCapacity: 503,
}

/** The world's own names for what its stock, quotas and buckets refuse. */
const WORLD_CODES: ReadonlySet<string> = new Set(["Throttled", "InsufficientCapacity", "QuotaExceeded", "NotSold"])

const TYPE = "type.googleapis.com/google.rpc"
const DOMAIN = "compute.googleapis.com"

export interface ErrorReply {
  readonly status: number
  readonly body: JsonObject
  readonly retryAfterMs?: number
}

export function errorReply(
  error: unknown,
  { project, world }: { readonly project: string; readonly world: World },
): ErrorReply {
  if (error instanceof Refusal) return replyOf(error.status, error.reason, error.message, error.details)
  if (!(error instanceof WorldError)) return replyOf(500, "internalError", String(error), [])
  const [usual, status] = DEFAULTS[error.kind]
  const isNative = !WORLD_CODES.has(error.code) && error.code !== error.kind
  const reason = isNative ? error.code : usual
  const message = error.code === "Throttled" ? throttledMessage(error.bucket, project) : error.message
  const retry =
    error.retryAfterMs === undefined || error.code === "Throttled" ? {} : { retryAfterMs: error.retryAfterMs }
  const bucket = world.settings.buckets[error.bucket ?? ""]
  const details = [...detailsOf(error, reason, project, bucket?.kind === "window" ? bucket.count : undefined)]
  return { ...replyOf(STATUS[reason] ?? status, reason, message, details), ...retry }
}

/** "Compute Engine API quota" for windows, "Troubleshooting bulk VM creation" for operations under way. */
function throttledMessage(bucket: string | undefined, project: string): string {
  if (bucket === "bulk") return "Rate Limit Exceeded: too many bulk operations are running in the project"
  if (bucket === "creating") return "Rate Limit Exceeded: too many VMs are being created in the project"
  return `Quota exceeded for quota metric '${bucket ?? "Queries"}' and limit '${bucket ?? "Queries"} per minute per region' of service '${DOMAIN}' for consumer 'project:${project}'.`
}

function detailsOf(
  { kind, code }: WorldError,
  reason: string,
  project: string,
  perMinute: number | undefined,
): readonly JsonObject[] {
  const info = (name: string, metadata: JsonObject): JsonObject => ({
    "@type": `${TYPE}.ErrorInfo`,
    reason: name,
    domain: DOMAIN,
    ...metadata,
  })
  // "AIP-193: Errors", and what other services under the same quota system write: the limit's name and what it allows.
  const quota =
    perMinute === undefined
      ? {}
      : { quota_limit: "defaultPerMinutePerRegionPerProject", quota_limit_value: String(perMinute) }
  if (kind === "throttled" && code === "Throttled")
    return [info("RATE_LIMIT_EXCEEDED", { metadatas: { consumer: `projects/${project}`, service: DOMAIN, ...quota } })]
  if (reason === "accessNotConfigured") {
    const url = `https://console.developers.google.com/apis/api/${DOMAIN}/overview?project=${project}`
    const help = { "@type": `${TYPE}.Help`, links: [{ description: "Google developers console API activation", url }] }
    return [info("SERVICE_DISABLED", { metadatas: { consumer: `projects/${project}`, service: DOMAIN } }), help]
  }
  if (kind === "auth" && reason === "forbidden")
    return [info("IAM_PERMISSION_DENIED", { metadatas: { resource: `projects/${project}` } })]
  return []
}

const USAGE_REASONS = /^(rateLimitExceeded|quotaExceeded|accessNotConfigured)$/

function replyOf(status: number, reason: string, message: string, details: readonly JsonObject[]): ErrorReply {
  const domain = USAGE_REASONS.test(reason) ? "usageLimits" : "global"
  const error = {
    code: status,
    message,
    errors: [{ message, domain, reason }],
    ...(details.length === 0 ? {} : { details }),
  }
  return { status, body: { error } }
}

export function invalid(field: string, value: unknown, why: string): Refusal {
  return new Refusal(400, "invalid", `Invalid value for field '${field}': '${String(value)}'. ${why}`)
}

export function notFound(path: string): Refusal {
  return new Refusal(404, "notFound", `The resource '${path}' was not found`)
}
