/** From a code of Azure's to a decision: one reading, wherever the code stands; the table is in `codes.ts`. */
import {
  AuthError,
  CapacityError,
  type CloudWords,
  type MusterError,
  NotFoundError,
  OfferRefusedError,
  OwnershipError,
  QuotaError,
  RefusedError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import type { Cost, Failure } from "../../../src/provider.js"
import { type CodeRow, COLD_MS, REFUSED_MS } from "./code-rows.js"
import { rowOf } from "./codes.js"
import type { Pool } from "../../../src/tables/scopes.js"
import { scopeOf } from "./scopes.js"

/** What was being done when it failed. */
export interface RequestContext {
  /** "launching Standard_D4s_v5 (spot, zone 2) in westeurope" */
  readonly what: string
  readonly location: string
  /** Where the request went. */
  readonly url: string
  readonly cost: Cost
  /** The pool that was asked, of a launch: scopes are made from it. */
  readonly offer?: Pool
  /** The groups that Muster makes itself, of those that a launch names. */
  readonly made?: readonly string[]
  /** What it names is known to be there: that it is not found passes. */
  readonly isRecent?: true
  /** Of a launch: for how long its group may not be known everywhere, in milliseconds; left out: as long as a new one. */
  readonly graceMs?: number
}

/** An error code with its details. */
export interface ErrorDetails {
  readonly code: string
  readonly message: string
  /** The HTTP status of a whole answer; left out of what stands inside one: in an operation, in a VM's view. */
  readonly status?: number
  readonly requestId?: string
  /** Of a throttle. */
  readonly retryAfterMs?: number
  readonly bucket?: string
}

/** After which something that passes is asked anew. */
const AGAIN_MS = 2_000

/**
 * A group that was just made is not seen by all of Resource Manager's regions at once: its writes are replicated between them
 * ("Create New Resource Group: Status=404", hashicorp/terraform-provider-azurerm#18268). It is mostly a matter of seconds;
 * the azurerm provider waits for up to ten minutes.
 */
export const PROPAGATION_MS = 3 * 60_000

export function outcomeOf(details: ErrorDetails, context: RequestContext): MusterError {
  const row = rowOf(details.code, details.message, details.status)
  const message = sentence(details, row, context)
  const origin = originOf(details)
  const refusal = { ...origin, scope: scopeOf(row?.scope, context), ttlMs: ttlOf(row, context.offer) }
  switch (row?.verdict) {
    case "throttled":
      return details.status === undefined
        ? passing(details, context, message)
        : new ThrottledError(message, { ...origin, ...throttleOf(details) })
    case "capacity":
      return new CapacityError(message, refusal)
    case "quota":
      return new QuotaError(message, { ...refusal, ...(row.remedy === undefined ? {} : { advice: row.remedy }) })
    case "auth":
      return new AuthError(message, origin)
    case "rejected":
      return new RejectedError(message, origin)
    case "missing":
      return missing(details, context, message)
    case "fenced":
      return fenced(details, context, message)
    case "transient":
    case "conflict":
      return passing(details, context, message)
    case "refused":
      return context.offer === undefined ? new RejectedError(message, origin) : refused(details, context, message)
    case "boot":
    case undefined:
      return refused(details, context, message)
  }
}

/** The same as data, of an instance that was accepted and has failed. */
export function failureFrom(details: ErrorDetails, context: RequestContext): Failure {
  const row = rowOf(details.code, details.message)
  const message = sentence(details, row, context)
  if (row?.verdict === "boot") return bootFailure(details.code, message, context)
  const error = outcomeOf(details, context)
  if (error instanceof RefusedError) return error.toFailure(1)
  // No other offer can be better.
  return {
    reason: "rejected",
    count: 1,
    scope: scopeOf("region", context),
    ttlMs: REFUSED_MS,
    code: details.code,
    message,
  }
}

export function bootFailure(code: string, message: string, context: RequestContext): Failure {
  return { reason: "boot", count: 1, scope: scopeOf("pool", context), ttlMs: 0, code, message }
}

/**
 * It passes by itself. A launch was answered, so that it is known to have made nothing, unless the status says that the
 * request may have been carried out.
 */
function passing(details: ErrorDetails, context: RequestContext, message: string): MusterError {
  if (context.offer === undefined || mayBeDone(details)) return new TransientError(message, originOf(details))
  return new UnavailableError(message, { ...originOf(details), scope: scopeOf("pool", context), ttlMs: AGAIN_MS })
}

/** 408 and 5xx. */
function mayBeDone({ status = 0 }: ErrorDetails): boolean {
  return status === 408 || status >= 500
}

/** For a reason that says nothing of other offers, or an error whose code and message Muster does not know. */
function refused(details: ErrorDetails, context: RequestContext, message: string): MusterError {
  const { status = 0 } = details
  const origin = originOf(details)
  if (mayBeDone(details)) return new TransientError(message, origin)
  if (status === 401) return new AuthError(message, origin)
  if (context.offer !== undefined) {
    return new OfferRefusedError(message, { ...origin, scope: scopeOf("asked", context), ttlMs: REFUSED_MS })
  }
  if (status === 403) return new AuthError(message, origin)
  // These are found out about by asking again.
  if (status === 409 || status === 412) return new TransientError(message, origin)
  return new RejectedError(message, origin)
}

/** What Muster has made is not known everywhere yet, or is made anew; what the user named is not there. */
function missing(details: ErrorDetails, context: RequestContext, message: string): MusterError {
  const origin = originOf(details)
  if (context.isRecent === true) return new TransientError(`${message}; Azure's regions do not agree on it yet`, origin)
  const isGroup = details.code === "ResourceGroupNotFound"
  const ours = isOurs(details, context)
  if (context.offer === undefined || (!ours && !isGroup)) return new RejectedError(message, origin)
  const refusal = { ...origin, scope: scopeOf("region", context), ttlMs: AGAIN_MS }
  const graceMs = isGroup ? (context.graceMs ?? PROPAGATION_MS) : PROPAGATION_MS
  return new NotFoundError(message, { ...refusal, graceMs, ours })
}

/** Who deletes the group is found out by the next prepare, which reads the group itself. */
function fenced(details: ErrorDetails, context: RequestContext, message: string): MusterError {
  const origin = originOf(details)
  if (context.offer === undefined) return new OwnershipError(message, origin)
  if (!isOurs(details, context)) return new RejectedError(message, origin)
  const refusal = { ...origin, scope: scopeOf("region", context), ttlMs: AGAIN_MS }
  return new NotFoundError(message, { ...refusal, graceMs: 0, ours: true })
}

/**
 * Whether what is not there is of the groups that Muster makes. Of "Resource A referenced by resource B was not found" it is
 * the first; what names nothing is ours where something is.
 */
function isOurs({ message }: ErrorDetails, { made = [] }: RequestContext): boolean {
  const [named = ""] = message.toLowerCase().split("referenced by")
  const isNamed = /['"/]/.test(named)
  return isNamed ? made.some((name) => named.includes(name.toLowerCase())) : made.length > 0
}

export function ttlOf(row: CodeRow | undefined, offer: Pick<Pool, "market"> | undefined): number {
  return (offer?.market === "spot" ? row?.spotTtlMs : undefined) ?? row?.ttlMs ?? COLD_MS
}

/** "launching …: the quota … (OperationNotAllowed, request 1234); ask for …" */
function sentence(
  { code, message, requestId, retryAfterMs }: ErrorDetails,
  row: CodeRow | undefined,
  context: RequestContext,
): string {
  const text = message.replace(/\s+/g, " ").trim() || code
  const wait = row?.verdict === "throttled" ? retryAfterMs : undefined
  const remedy = wait === undefined ? row?.remedy : `Azure asks to wait ${Math.round(wait / 1000)} s`
  const request = requestId === undefined ? "" : `, request ${requestId}`
  return `${context.what}: ${text} (${code}${request})${remedy === undefined ? "" : `; ${remedy}`}`
}

function originOf({ code, requestId }: ErrorDetails): CloudWords {
  return { code, ...(requestId === undefined ? {} : { requestId }) }
}

function throttleOf({ retryAfterMs, bucket }: ErrorDetails): {
  readonly retryAfterMs?: number
  readonly bucket?: string
} {
  return { ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(bucket === undefined ? {} : { bucket }) }
}
