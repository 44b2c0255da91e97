/** One reading of a code, wherever it stands: an answer of EC2 becomes the error class that decides what to do. Pure. */
import {
  AuthError,
  CapacityError,
  type MusterError,
  NotFoundError,
  OfferRefusedError,
  QuotaError,
  type Refusal,
  RejectedError,
  ThrottledError,
  TransientError,
  UnavailableError,
} from "../../../src/errors.js"
import type { Offer } from "../../../src/provider.js"
import { rowOf } from "./codes.js"
import { type CodeRow, COLD_MS, PASSING_MS, REFUSED_MS } from "./code-rows.js"
import { decodingRemedy, splitEncoded } from "./encoded.js"
import { quotaCodeOf } from "./quota-codes.js"
import type { ScopeKind } from "../../../src/tables/scopes.js"
import { scopeOf } from "./scopes.js"

/** What was being done when EC2 answered so. */
export interface RequestContext {
  /** "launching 8 × m7i.large (on-demand, eu-west-1a)" */
  readonly what: string
  readonly region: string
  readonly endpoint?: string
  /** Of a launch: the pool that was asked. Scopes are made from it, and what would else be wrong for good is about it. */
  readonly offer?: Offer
  /** The launch's token: a remedy names it where it says `{token}`. */
  readonly token?: string
  /** What an answer that no row knows is about: the type in the zone when left out. */
  readonly asked?: ScopeKind
  /** The security groups that the user has named: all others are Muster's own. */
  readonly namedGroups?: readonly string[]
  /** What the request names was made a moment ago: not found means not known everywhere yet. */
  readonly isYoung?: true
}

export interface ErrorDetails {
  readonly code: string
  readonly message: string
  readonly requestId?: string
  readonly cause?: unknown
  /** The HTTP status of a whole answer; left out of what stands inside one: a pool of a fleet, an instance's state reason. */
  readonly status?: number
  readonly retryAfterMs?: number
}

/** "Eventual consistency in the Amazon EC2 API": back off for up to about five minutes. */
export const CONSISTENT_MS = 5 * 60_000

/** Users were told by AWS of a delay of two minutes before a new profile can be used (github.com/hashicorp/terraform/issues/15341). */
const PROFILE_MS = 2 * 60_000

/** The error class for an answer, with a message for the user. */
export function readAnswer(details: ErrorDetails, context: RequestContext): MusterError {
  const row = rowOf(details.code, details.message)
  const { code, requestId, cause } = details
  const remedy = remedyOf(row, context)
  const message = sentence(details, remedy, context)
  const fields = { code, cause, ...(requestId === undefined ? {} : { requestId }) }
  const about = (kind: ScopeKind, ttlMs: number) => ({
    ...fields,
    scope: scopeOf(row?.scope ?? kind, context),
    ttlMs: row?.ttlMs ?? ttlMs,
    ...(remedy === undefined ? {} : { advice: remedy }),
  })
  const isWhole = details.status !== undefined
  const isLaunch = context.offer !== undefined
  const passing = () => new UnavailableError(message, about("pool", PASSING_MS))
  switch (verdictOf(details, row)) {
    case "throttled":
      // Request and resource bucket answer with the same code: both are held back.
      return isWhole ? new ThrottledError(message, { ...fields, ...retryAfterOf(details) }) : passing()
    case "unknown":
      return isWhole ? new TransientError(message, fields) : passing()
    case "passing":
      return isWhole && !isLaunch ? new TransientError(message, fields) : passing()
    case "capacity":
      return new CapacityError(message, about("region", COLD_MS))
    case "quota":
      return new QuotaError(message, about("region", COLD_MS))
    case "refused":
      if (!isLaunch) return new RejectedError(message, fields)
      return new OfferRefusedError(message, about(context.asked ?? "type-in-zone", REFUSED_MS))
    case "missing":
      return missing(details, row, context, message, about("region", PASSING_MS))
    case "auth":
      return new AuthError(message, fields)
    case "rejected":
      return new RejectedError(message, fields)
  }
}

function verdictOf({ status = 0 }: ErrorDetails, row: CodeRow | undefined): CodeRow["verdict"] {
  if (row !== undefined) return row.verdict
  if (status === 429) return "throttled"
  return status >= 500 ? "unknown" : "refused"
}

function retryAfterOf({ retryAfterMs }: ErrorDetails): { readonly retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs }
}

/** A launch of what is not known: what Muster has made, or may be known soon. Everywhere else it is an answer like any other. */
function missing(
  { message: reason }: ErrorDetails,
  row: CodeRow | undefined,
  { offer, namedGroups = [], isYoung }: RequestContext,
  message: string,
  refusal: Refusal,
): MusterError {
  if (isYoung === true) return new TransientError(message, refusal)
  const isNamed = row?.missing === "group" && namedGroups.some((id) => reason.includes(id))
  if (offer === undefined || isNamed) return new RejectedError(message, refusal)
  const isProfile = row?.missing === "profile"
  return new NotFoundError(message, {
    ...refusal,
    graceMs: isProfile ? PROFILE_MS : CONSISTENT_MS,
    ours: !isProfile,
  })
}

/** "what was done: the reason EC2 gave (its code, the request's id); what to do" */
function sentence(
  { code, message, requestId, status }: ErrorDetails,
  remedy: string | undefined,
  context: RequestContext,
): string {
  const { message: readable, encoded } = splitEncoded(message.trim())
  const reason = readable.replace(/\.$/, "") || (status === undefined ? "EC2 gave no reason" : `HTTP ${status}`)
  const hints = [remedy, encoded === undefined ? undefined : decodingRemedy(encoded)].flatMap((hint) => hint ?? [])
  const answer = `${reason} (${code}${requestId === undefined ? "" : `, request ${requestId}`})`
  return [`${context.what}: ${answer}`, ...hints].join("; ")
}

/** What the user can do about it. */
function remedyOf(row: CodeRow | undefined, context: RequestContext): string | undefined {
  const { token = "", region } = context
  if (row?.verdict === "quota" && row.remedy === undefined) return vcpuRemedy(context)
  return row?.remedy?.replaceAll("{token}", token).replaceAll("{region}", region)
}

function vcpuRemedy({ offer, region }: RequestContext): string {
  if (offer === undefined) return "ask for an increase in Service Quotas"
  const quota = quotaCodeOf(offer.family, offer.market)
  const which = quota === undefined ? "the vCPU quota" : `vCPU quota ${quota}`
  return `ask for an increase of ${which} in ${region} (Service Quotas) or add instance types of another family than ${offer.family}`
}
