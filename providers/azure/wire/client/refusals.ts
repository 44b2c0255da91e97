/** Azure's refusals: codes, their HTTP status, and their body with or without `error` around it. */
import { WorldError, type WorldErrorKind } from "../../../../src/simulator/index.js"
import { isoTime } from "../../../../src/tables/times.js"

export interface RefusalExtras {
  readonly details?: readonly unknown[]
  readonly headers?: Readonly<Record<string, string>>
}

/** What Azure answers instead of doing it. */
export class Refusal extends WorldError {
  readonly status: number
  readonly extras: RefusalExtras

  /** @param code empty: an answer without a body. */
  constructor(status: number, code: string, message: string, extras: RefusalExtras = {}) {
    super("rejected", { code, message })
    this.name = "Refusal"
    this.status = status
    this.extras = extras
  }
}

export interface ErrorReply {
  readonly status: number
  readonly body?: unknown
  readonly retryAfterMs?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What the world says without a code of Azure's. */
const DEFAULTS: Readonly<Record<WorldErrorKind, readonly [status: number, code: string]>> = {
  throttled: [429, "TooManyRequests"],
  transient: [500, "InternalServerError"],
  capacity: [409, "SkuNotAvailable"],
  quota: [409, "OperationNotAllowed"],
  // What no offer changes anything about.
  rejected: [403, "RequestDisallowedByPolicy"],
  auth: [403, "AuthorizationFailed"],
  lost: [500, "InternalServerError"],
  cut: [500, "InternalServerError"],
  garbled: [500, "InternalServerError"],
}

/** Statuses of codes that tests script by name; all others have that of their kind. */
const STATUS: Readonly<Record<string, number>> = {
  InvalidAuthenticationToken: 401,
  ExpiredAuthenticationToken: 401,
  SubscriptionNotRegistered: 409,
  MissingSubscriptionRegistration: 409,
  SubscriptionNotFound: 404,
  ScopeLocked: 409,
  RequestDisallowedByPolicy: 403,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
}

/** "Error messages when you manage virtual machines": the text that alone tells a quota from a throttle. */
const FAMILY_QUOTA =
  "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 10, Current Usage: 10, Additional Required: 2, (Minimum) New Limit Required: 12. Submit a request for Quota increase."

/** RFC 6750, as Resource Manager sends it. */
const CHALLENGE = {
  "www-authenticate":
    'Bearer authorization_uri="https://login.windows.net/11111111-0000-0000-0000-000000000000", error="invalid_token", error_description="The authentication failed."',
}

export function errorReply(error: unknown, now: number): ErrorReply {
  if (error instanceof Refusal) {
    const { status, code, message, extras } = error
    const headers = { ...(status === 401 ? CHALLENGE : {}), ...extras.headers }
    return { status, headers, ...(code === "" ? {} : { body: bodyOf(code, message, extras.details) }) }
  }
  if (!(error instanceof WorldError)) return { status: 500, body: bodyOf("InternalServerError", String(error)) }
  const [status, code] = DEFAULTS[error.kind]
  const retry = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }
  if (error.kind === "throttled")
    return { status, body: throttleBody(error, now), retryAfterMs: error.retryAfterMs ?? 1_000 }
  const isNamed = error.code !== error.kind
  const message = error.kind === "quota" && !isNamed ? FAMILY_QUOTA : error.message
  const given = isNamed ? error.code : code
  return { status: STATUS[given] ?? status, body: bodyOf(given, message), ...retry }
}

export function bodyOf(code: string, message: string, details: readonly unknown[] = []): unknown {
  return { error: { code, message, ...(details.length === 0 ? {} : { details }) } }
}

/**
 * ARM names its own throttles; compute's share a code with its quotas, tell the policy in the details, and come without
 * `error` around them ("Troubleshooting API throttling errors").
 */
function throttleBody(error: WorldError, now: number): unknown {
  const bucket = error.bucket ?? ""
  if (!bucket.startsWith("compute.")) {
    return bodyOf(
      "SubscriptionRequestsThrottled",
      "Number of requests for subscription exceeded the limit. Please try again later.",
    )
  }
  const target = bucket.slice("compute.".length)
  const times = { startTime: isoTime(now - 60_000), endTime: isoTime(now) }
  const message = JSON.stringify({
    operationGroup: target,
    ...times,
    allowedRequestCount: 500,
    measuredRequestCount: 501,
  })
  return {
    code: "OperationNotAllowed",
    message: "The server rejected the request because too many requests have been received for this subscription.",
    details: [{ code: "TooManyRequests", target, message }],
  }
}
