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
export interface Doing {
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
  readonly isYoung?: true
  /** Of a launch: for how long its group may not be known everywhere, in milliseconds; left out: as long as a new one. */
  readonly graceMs?: number
}

/** A code with its words. */
export interface Said {
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

export function outcomeOf(said: Said, doing: Doing): MusterError {
  const row = rowOf(said.code, said.message, said.status)
  const message = sentence(said, row, doing)
  const words = wordsOf(said)
  const refusal = { ...words, scope: scopeOf(row?.scope, doing), ttlMs: ttlOf(row, doing.offer) }
  switch (row?.verdict) {
    case "throttled":
      return said.status === undefined
        ? passing(said, doing, message)
        : new ThrottledError(message, { ...words, ...throttleOf(said) })
    case "capacity":
      return new CapacityError(message, refusal)
    case "quota":
      return new QuotaError(message, { ...refusal, ...(row.remedy === undefined ? {} : { advice: row.remedy }) })
    case "auth":
      return new AuthError(message, words)
    case "rejected":
      return new RejectedError(message, words)
    case "missing":
      return missing(said, doing, message)
    case "fenced":
      return fenced(said, doing, message)
    case "transient":
    case "conflict":
      return passing(said, doing, message)
    case "refused":
      return doing.offer === undefined ? new RejectedError(message, words) : refused(said, doing, message)
    case "boot":
    case undefined:
      return refused(said, doing, message)
  }
}

/** The same as data, of an instance that was accepted and has failed. */
export function failureFrom(said: Said, doing: Doing): Failure {
  const row = rowOf(said.code, said.message)
  const message = sentence(said, row, doing)
  if (row?.verdict === "boot") return bootFailure(said.code, message, doing)
  const error = outcomeOf(said, doing)
  if (error instanceof RefusedError) return error.toFailure(1)
  // No other offer can be better.
  return { reason: "rejected", count: 1, scope: scopeOf("region", doing), ttlMs: REFUSED_MS, code: said.code, message }
}

export function bootFailure(code: string, message: string, doing: Doing): Failure {
  return { reason: "boot", count: 1, scope: scopeOf("pool", doing), ttlMs: 0, code, message }
}

/**
 * It passes by itself. A launch was answered, so that it is known to have made nothing, unless the status says that the
 * request may have been carried out.
 */
function passing(said: Said, doing: Doing, message: string): MusterError {
  if (doing.offer === undefined || mayBeDone(said)) return new TransientError(message, wordsOf(said))
  return new UnavailableError(message, { ...wordsOf(said), scope: scopeOf("pool", doing), ttlMs: AGAIN_MS })
}

/** 408 and 5xx. */
function mayBeDone({ status = 0 }: Said): boolean {
  return status === 408 || status >= 500
}

/** For a reason that says nothing of other offers, or in words that nobody knows. */
function refused(said: Said, doing: Doing, message: string): MusterError {
  const { status = 0 } = said
  const words = wordsOf(said)
  if (mayBeDone(said)) return new TransientError(message, words)
  if (status === 401) return new AuthError(message, words)
  if (doing.offer !== undefined) {
    return new OfferRefusedError(message, { ...words, scope: scopeOf("asked", doing), ttlMs: REFUSED_MS })
  }
  if (status === 403) return new AuthError(message, words)
  // These are found out about by asking again.
  if (status === 409 || status === 412) return new TransientError(message, words)
  return new RejectedError(message, words)
}

/** What Muster has made is not known everywhere yet, or is made anew; what the user named is not there. */
function missing(said: Said, doing: Doing, message: string): MusterError {
  const words = wordsOf(said)
  if (doing.isYoung === true) return new TransientError(`${message}; Azure's regions do not agree on it yet`, words)
  const isGroup = said.code === "ResourceGroupNotFound"
  const ours = isOurs(said, doing)
  if (doing.offer === undefined || (!ours && !isGroup)) return new RejectedError(message, words)
  const refusal = { ...words, scope: scopeOf("region", doing), ttlMs: AGAIN_MS }
  const graceMs = isGroup ? (doing.graceMs ?? PROPAGATION_MS) : PROPAGATION_MS
  return new NotFoundError(message, { ...refusal, graceMs, ours })
}

/** Whose doing it is, is for whoever prepares anew to find out: that reads the group itself. */
function fenced(said: Said, doing: Doing, message: string): MusterError {
  const words = wordsOf(said)
  if (doing.offer === undefined) return new OwnershipError(message, words)
  if (!isOurs(said, doing)) return new RejectedError(message, words)
  const refusal = { ...words, scope: scopeOf("region", doing), ttlMs: AGAIN_MS }
  return new NotFoundError(message, { ...refusal, graceMs: 0, ours: true })
}

/**
 * Whether what is not there is of the groups that Muster makes. Of "Resource A referenced by resource B was not found" it is
 * the first; what names nothing is ours where something is.
 */
function isOurs({ message }: Said, { made = [] }: Doing): boolean {
  const [named = ""] = message.toLowerCase().split("referenced by")
  const isNamed = /['"/]/.test(named)
  return isNamed ? made.some((name) => named.includes(name.toLowerCase())) : made.length > 0
}

export function ttlOf(row: CodeRow | undefined, offer: Pick<Pool, "market"> | undefined): number {
  return (offer?.market === "spot" ? row?.spotTtlMs : undefined) ?? row?.ttlMs ?? COLD_MS
}

/** "launching …: the quota … (OperationNotAllowed, request 1234); ask for …" */
function sentence({ code, message, requestId, retryAfterMs }: Said, row: CodeRow | undefined, doing: Doing): string {
  const said = message.replace(/\s+/g, " ").trim() || code
  const wait = row?.verdict === "throttled" ? retryAfterMs : undefined
  const remedy = wait === undefined ? row?.remedy : `Azure asks to wait ${Math.round(wait / 1000)} s`
  const request = requestId === undefined ? "" : `, request ${requestId}`
  return `${doing.what}: ${said} (${code}${request})${remedy === undefined ? "" : `; ${remedy}`}`
}

function wordsOf({ code, requestId }: Said): CloudWords {
  return { code, ...(requestId === undefined ? {} : { requestId }) }
}

function throttleOf({ retryAfterMs, bucket }: Said): { readonly retryAfterMs?: number; readonly bucket?: string } {
  return { ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(bucket === undefined ? {} : { bucket }) }
}
