/** From a failed request to the classes of `src/errors`. The meaning of each code is in `codes.ts`. */
import {
  AuthError,
  CapacityError,
  MusterError,
  OfferRefusedError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import { connectionError } from "../../../src/tables/connection-errors.js"
import { retryAfterOf } from "../../../src/tables/retry-after.js"
import type { Cost, Offer } from "../../../src/provider.js"
import { quotaAdvice } from "./refusals/quota-advice.js"
import { type CodeRow, COLD_MS, OPERATIONS_MS, PASSING_MS, REFUSED_MS, rowOf } from "./codes.js"
import { scopeOf } from "./refusals/scopes.js"
import type { HttpReply } from "./http.js"
import { UNDER_WAY, WINDOWS } from "../limits.js"
import { affectedOffers } from "./refusals/affected.js"
import { type ErrorDetails, detailsIn } from "./refusals/details.js"

/** What was being done when it failed. */
export interface RequestContext {
  /** "launching 8 × n2-standard-4 (on-demand, europe-west2-a)" */
  readonly what: string
  readonly region: string
  readonly endpoint?: string
  /** Of a launch: the pools that were asked. Scopes are made from the first that is affected. */
  readonly offers?: readonly Offer[]
  /** Milliseconds since 1970: until when a throttle lasts depends on the minute. */
  readonly now?: () => number
  /** The buckets that the request consumes: one of these is empty. */
  readonly cost?: Cost
}

/** An answer that is no success, as it was received. */
export class HttpFailure extends Error {
  readonly reply: HttpReply

  constructor(reply: HttpReply) {
    super(`HTTP ${reply.status}`)
    this.name = "HttpFailure"
    this.reply = reply
  }
}

/** The details of the answer that an error was made of. */
export function detailsOfError({ cause }: Error): ErrorDetails | undefined {
  return cause instanceof HttpFailure ? detailsIn(cause.reply.body, cause.reply.status) : undefined
}

/** The name of this error in the answer of a resource that exists already; `launch` finds out whose it is. */
export const EXISTS = "alreadyExists"

/** How Google says that what was asked for is not there; what a proxy does not find says nothing of it. */
const NOT_FOUND: readonly string[] = ["notFound", "RESOURCE_NOT_FOUND", "NOT_FOUND", "HTTP 404"]

export function isNotFound(error: unknown): error is MusterError {
  return error instanceof MusterError && NOT_FOUND.includes(error.code)
}

/** The error class for a failed request, with a message for the user and the original error as its cause. */
export function toMusterError(thrown: unknown, context: RequestContext): Error {
  if (thrown instanceof MusterError && !thrown.message.startsWith(context.what)) {
    const fields = { code: thrown.code, cause: thrown.cause }
    // An error of credentials, or of a proxy, does not name the request.
    if (thrown instanceof AuthError) return new AuthError(`${context.what}: ${thrown.message}`, fields)
    if (thrown instanceof TransientError) return new TransientError(`${context.what}: ${thrown.message}`, fields)
    if (thrown instanceof RejectedError) return new RejectedError(`${context.what}: ${thrown.message}`, fields)
  }
  if (thrown instanceof MusterError) return thrown
  if (thrown instanceof HttpFailure) return refused(thrown, context)
  return connectionError(thrown, { what: context.what, place: placeOf(context) })
}

function refused(failure: HttpFailure, context: RequestContext): MusterError {
  const { status, headers, body } = failure.reply
  const details = detailsIn(body, status)
  if (details !== undefined) return asError(details, context, { status, cause: failure, ...retryAfterOf(headers) })
  const shown = JSON.stringify(
    (body || String(headers["www-authenticate"] ?? "")).replace(/\s+/g, " ").trim().slice(0, 80),
  )
  return foreign(
    `${placeOf(context)} answered HTTP ${status} with what is not Compute Engine's: ${shown}`,
    context,
    failure,
  )
}

const PROXY = "is there a proxy or a login page between here and Google?"

/** The error for an answer that is not Google's. A proxy that refuses has not passed the request on; at other statuses it may have. */
function foreign(message: string, context: RequestContext, cause: HttpFailure): MusterError {
  const { status } = cause.reply
  if (status < 400 || status === 408 || status >= 500) return garbled(message, context, cause)
  const fields = { code: "ForeignAnswer", cause }
  const text = `${context.what}: ${message}`
  if (status === 429) return new ThrottledError(text, { ...fields, retryAfterMs: MINUTE_MS })
  if (status === 401 || status === 407) return new AuthError(`${text}; renew the credentials; ${PROXY}`, fields)
  return new RejectedError(`${text}; check the address; ${PROXY}`, fields)
}

/** A reply that cannot be read: what was asked may have been done. */
export function garbled(message: string, context: RequestContext, cause?: unknown): TransientError {
  return new TransientError(`${context.what}: ${message}; ${PROXY}`, { cause })
}

interface Circumstances {
  /** Of an HTTP answer; left out for what an operation says: it has ended, and is an outcome whatever its code. */
  readonly status?: number
  readonly cause?: unknown
  /** How long the answer asks to wait. */
  readonly retryAfterMs?: number
}

/** The error for a refusal. Where it is the outcome of a launch, nothing was made, and other offers may be asked for. */
export function asError(
  details: ErrorDetails,
  context: RequestContext,
  circumstances: Circumstances = {},
): MusterError {
  const { status, cause, retryAfterMs } = circumstances
  const row = rowOf(details)
  const code = details.codes[0] ?? "UNKNOWN"
  const message = sentence(details, row, context)
  const fields = { code, cause }
  const refusal = (ttlMs: number) => ({ ...fields, scope: scopeFor(details, row, context), ttlMs })
  switch (row?.verdict) {
    case "throttled": {
      const throttle = throttleOf(row, details, context, retryAfterMs)
      if (status === undefined && isLaunch(context))
        return new UnavailableError(message, refusal(throttle.retryAfterMs))
      return new ThrottledError(message, { ...fields, ...throttle })
    }
    case "quota":
      return new QuotaError(message, { ...refusal(row.ttlMs ?? COLD_MS), ...adviceOf(details, row) })
    case "capacity":
    case "summary":
      return new CapacityError(message, refusal(row.ttlMs ?? COLD_MS))
    case "auth":
      return new AuthError(message, fields)
    case "exists":
      if (status === undefined && isLaunch(context)) return new OfferRefusedError(message, refusal(REFUSED_MS))
      return new RejectedError(message, { ...fields, code: EXISTS })
    case "rejected":
      return new RejectedError(message, fields)
    case "transient":
      if (isOutcome(context, status)) return new UnavailableError(message, refusal(PASSING_MS))
      return new TransientError(message, fields)
    case "refused":
    case undefined:
      if (isOutcome(context, status)) {
        const [type, ...others] = affectedTypes(details, context)
        if (others.length === 0) return new OfferRefusedError(message, refusal(row?.ttlMs ?? REFUSED_MS))
        const which = `it was refused together with ${others.join(", ")}, and is left out of the next to find out which is meant`
        return new UnavailableError(`${message}; ${type}: ${which}`, refusal(PASSING_MS))
      }
      return (status ?? 400) >= 500 ? new TransientError(message, fields) : new RejectedError(message, fields)
  }
}

function isLaunch({ offers = [] }: RequestContext): boolean {
  return offers.length > 0
}

/** Only errors within Google, and its time limits, leave open whether the request was carried out. */
function isOutcome(context: RequestContext, status = 400): boolean {
  return isLaunch(context) && status < 500 && status !== 408
}

/** Several where a request for several types was refused and the refusal names none. */
export function affectedTypes(
  details: ErrorDetails,
  { offers = [] }: Pick<RequestContext, "offers">,
): readonly string[] {
  return [...new Set(affectedOffers(offers, details).map(({ instanceType }) => instanceType))]
}

/** The row's own advice, else the advice for the quota that ran out. */
function adviceOf({ metric }: ErrorDetails, { remedy }: CodeRow): { readonly advice?: string } {
  const advice = remedy ?? quotaAdvice(metric)
  return advice === undefined ? {} : { advice }
}

/** The row's own scope. An unknown refusal is about the type in its zone, or about the type where several zones were asked. */
function scopeFor(details: ErrorDetails, row: CodeRow | undefined, { region, offers = [] }: RequestContext) {
  const affected = affectedOffers(offers, details)
  const isPassing = row?.verdict === "transient" || row?.verdict === "throttled"
  const isZoned = new Set(affected.map(({ zone }) => zone)).size < 2
  const narrow = isPassing ? "pool" : isZoned ? "type-in-zone" : "type"
  const { metric, family } = details
  return scopeOf(row?.scope ?? narrow, { region, offer: affected[0], metric, family })
}

const MINUTE_MS = 60_000
/** Allowed clock skew: the next window must have begun by Google's clock. */
const SKEW_MS = 1_000

/**
 * A quota by the minute is a window's, and the refusal names its size. A quota of operations under way belongs to the bucket whose
 * units the request keeps until it is over. Where the refusal does not tell, any bucket that the request consumes may be empty.
 */
function throttleOf(
  { retryAfter = MINUTE_MS }: CodeRow,
  { limit }: ErrorDetails,
  { now, cost = {} }: RequestContext,
  askedMs: number | undefined,
) {
  const held = retryAfter === "next-minute" ? Number(limit) : Number.NaN
  const bucket = BUCKETS[String(retryAfter)]?.find((name) => name in cost)
  return {
    retryAfterMs: askedMs ?? waitMs(retryAfter, now?.() ?? 0),
    ...(bucket === undefined ? {} : { bucket }),
    ...(held > 0 ? { limit: held } : {}),
  }
}

const BUCKETS: Readonly<Record<string, readonly string[]>> = { "next-minute": WINDOWS, "operation-ends": UNDER_WAY }

function waitMs(retryAfter: NonNullable<CodeRow["retryAfter"]>, now: number): number {
  if (retryAfter === "next-minute") return MINUTE_MS - (now % MINUTE_MS) + SKEW_MS
  return retryAfter === "operation-ends" ? OPERATIONS_MS : retryAfter
}

/** "what was done: what Google said (its code); what to do" */
function sentence(details: ErrorDetails, row: CodeRow | undefined, context: RequestContext): string {
  const fields = details.message.trim().replace(/\.$/, "")
  const link = details.link === undefined ? "" : ` (${details.link})`
  const remedy = remedyOf(details, row, context)
  return `${context.what}: ${fields}${link} (${details.codes[0] ?? "no code"})${remedy === undefined ? "" : `; ${remedy}`}`
}

function remedyOf(
  { metric, limit }: ErrorDetails,
  row: CodeRow | undefined,
  context: RequestContext,
): string | undefined {
  if (row?.verdict === "quota" && row.scope === "metric") return quotaRemedy(metric, context)
  if (row?.verdict !== "throttled" || limit === undefined) return row?.remedy
  return `this project may make ${limit} a minute: gcp({ requestsPerMinute }) keeps below that`
}

function quotaRemedy(metric: string | undefined, { region }: RequestContext): string {
  const which = metric === undefined ? "this quota" : `quota ${metric}`
  return `ask for an increase of ${which} in ${region} (IAM & Admin, Quotas), or add instance types that count against another`
}

function placeOf({ endpoint }: RequestContext): string {
  return endpoint ?? "compute.googleapis.com"
}
