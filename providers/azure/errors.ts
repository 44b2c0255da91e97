/** From what Azure answers, and what is thrown on the way, to the classes of `src/errors`; codes are in `codes.ts`. */
import {
  AuthError,
  CapacityError,
  type CloudWords,
  MusterError,
  OwnershipError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
} from "../../src/errors.js"
import type { Cost, Offer, Scope } from "../../src/provider.js"
import { type CodeRow, COLD_MS, rowOf, type ScopeKind } from "./codes.js"
import { parseHttpDate } from "./times.js"

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
}

export type Pool = Pick<Offer, "zone" | "instanceType" | "market" | "family">

/** An HTTP answer, whole. */
export interface ArmReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed JSON, or the text of what is none. */
  readonly body: unknown
}

export interface ArmError {
  readonly code: string
  readonly message: string
}

/** `error` around it or not: compute sends throttles without ("Troubleshooting API throttling errors"). */
export function armErrorOf(body: unknown): ArmError | undefined {
  const errors = [...chainOf((body as { error?: unknown } | null)?.error ?? body)]
  const known = errors.filter(({ code, message }) => rowOf(code, message) !== undefined)
  // The innermost code that we know says most: the outer one is often "InvalidTemplateDeployment" or "Conflict".
  const best = known.at(-1) ?? errors[0]
  if (best === undefined) return undefined
  const text = errors.map(({ message }) => message).filter((message) => message !== "" && !message.startsWith("{"))
  return { code: best.code, message: [...new Set(text)].join(": ") }
}

interface NativeError {
  readonly code?: unknown
  readonly message?: unknown
  readonly details?: unknown
}

function* chainOf(error: unknown): Iterable<ArmError> {
  const { code, message, details } = (typeof error === "object" && error !== null ? error : {}) as NativeError
  if (typeof code === "string" && code !== "") yield { code, message: typeof message === "string" ? message : "" }
  if (Array.isArray(details)) for (const detail of details) yield* chainOf(detail)
}

/** What this answer says to do; undefined when it is one of `accepts`, whose meaning the caller knows. */
export function refusalOf(reply: ArmReply, doing: Doing, accepts: readonly number[]): MusterError | undefined {
  const error = armErrorOf(reply.body)
  const row = error === undefined ? undefined : rowOf(error.code, error.message, reply.status)
  if (accepts.includes(reply.status) && isPlain(error, row, reply)) return undefined
  if (error === undefined) return reply.status === 429 ? throttledBlank(reply, doing) : unreadable(reply, doing)
  const message = sentence(error, row, reply, doing)
  const words = wordsOf(error, reply)
  const refusal = { ...words, scope: scopeOf(row?.scope, doing), ttlMs: ttlOf(row, doing.offer) }
  switch (row?.verdict) {
    case "throttled":
      return new ThrottledError(message, { ...words, ...retryAfterOf(reply), ...bucketOf(error, reply, doing) })
    case "capacity":
      return new CapacityError(message, refusal)
    case "quota":
      return new QuotaError(message, refusal)
    case "auth":
      return new AuthError(message, words)
    case "rejected":
      return new RejectedError(message, words)
    case "fenced":
      return new OwnershipError(message, words)
    case "transient":
    case "conflict":
      return new TransientError(message, words)
    case undefined:
      return unknownRefusal(message, words, reply.status)
  }
}

/**
 * Whether a status that the caller accepts means no more than the status says. "There is none" is believed of Azure alone, in
 * its own words: the page of a proxy says 404 as well, and so does a type or a version that Resource Manager does not serve.
 */
function isPlain(error: ArmError | undefined, row: CodeRow | undefined, reply: ArmReply): boolean {
  if (reply.status !== 404) return row === undefined || row.verdict === "conflict"
  if (row !== undefined) return row.verdict === "conflict" || row.verdict === "fenced"
  return error === undefined ? isBlankOfAzure(reply) : /NotFound$/i.test(error.code)
}

/** An answer without a word, but with the id that Resource Manager gives to each request. */
function isBlankOfAzure(reply: ArmReply): boolean {
  return reply.body === "" && requestIdOf(reply) !== undefined
}

/** A gateway's own 429 has no code; it is a throttle all the same. */
function throttledBlank(reply: ArmReply, doing: Doing): ThrottledError {
  const error = { code: "TooManyRequests", message: "too many requests" }
  const row = rowOf(error.code, error.message, reply.status)
  return new ThrottledError(sentence(error, row, reply, doing), { ...wordsOf(error, reply), ...retryAfterOf(reply) })
}

function unknownRefusal(message: string, words: CloudWords, status: number): MusterError {
  if (status === 401 || status === 403) return new AuthError(message, words)
  // 408, 409, 412 and 5xx pass, or are found out about by asking again.
  if (status >= 500 || [408, 409, 412].includes(status)) return new TransientError(message, words)
  return new RejectedError(message, words)
}

/** A proxy's page, half an answer: nothing may be concluded from it. */
export function unreadable(reply: ArmReply, doing: Doing): TransientError {
  const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? "")
  const shown = text.replace(/\s+/g, " ").trim().slice(0, 80)
  const message = `${doing.url} answered with what is not Azure's (HTTP ${reply.status}, ${reply.headers["content-type"] ?? "no content type"}): ${JSON.stringify(shown)}`
  return new TransientError(`${doing.what}: ${message}; is there a proxy or a login page between?`)
}

export function ttlOf(row: CodeRow | undefined, offer: Pick<Pool, "market"> | undefined): number {
  return (offer?.market === "spot" ? row?.spotTtlMs : undefined) ?? row?.ttlMs ?? COLD_MS
}

/** "launching …: the quota … (OperationNotAllowed, request 1234); ask for …" */
function sentence(error: ArmError, row: CodeRow | undefined, reply: ArmReply, doing: Doing): string {
  const id = requestIdOf(reply)
  const said = error.message.replace(/\s+/g, " ").trim() || error.code
  const wait = row?.verdict === "throttled" ? retryAfterOf(reply).retryAfterMs : undefined
  const remedy = wait === undefined ? row?.remedy : `Azure asks to wait ${Math.round(wait / 1000)} s`
  return `${doing.what}: ${said} (${error.code}${id === undefined ? "" : `, request ${id}`})${remedy === undefined ? "" : `; ${remedy}`}`
}

function wordsOf({ code }: ArmError, reply: ArmReply): CloudWords {
  const requestId = requestIdOf(reply)
  return { code, ...(requestId === undefined ? {} : { requestId }) }
}

function requestIdOf({ headers }: ArmReply): string | undefined {
  return headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"]
}

/** In seconds, or as a moment (RFC 9110, "Retry-After"), which counts from the answer's own date. */
function retryAfterOf({ headers }: ArmReply): { readonly retryAfterMs?: number } {
  const said = headers["retry-after"] ?? ""
  const until = parseHttpDate(said)
  const from = parseHttpDate(headers.date ?? "")
  const ms = until === undefined || from === undefined ? Number(said) * 1000 : until - from
  return Number.isFinite(ms) && ms > 0 ? { retryAfterMs: ms } : {}
}

/** Whose bucket ran dry: ARM's for the subscription, or compute's own; they stop different requests. */
function bucketOf({ code }: ArmError, reply: ArmReply, { cost }: Doing): { readonly bucket?: string } {
  const isArm = /^(Subscription|Tenant)RequestsThrottled$/.test(code)
  const isCompute = code === "TooManyRequests" && hasThrottleDetails(reply.body)
  const prefix = isArm ? "arm." : isCompute ? "compute." : undefined
  const bucket = prefix === undefined ? undefined : Object.keys(cost).find((name) => name.startsWith(prefix))
  return bucket === undefined ? {} : { bucket }
}

function hasThrottleDetails(body: unknown): boolean {
  const error = ((body as { error?: unknown } | null)?.error ?? body) as NativeError | null
  return Array.isArray(error?.details)
}

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(kind: ScopeKind | undefined, { offer, location }: Pick<Doing, "offer" | "location">): Scope {
  const all = { provider: "azure", region: location }
  if (offer === undefined) return all
  const { zone, instanceType, market, family } = offer
  switch (kind) {
    case "pool":
      return { ...all, zone, instanceType, market }
    case "type-in-zone":
      return { ...all, zone, instanceType }
    case "type":
      return { ...all, instanceType }
    case "family":
      // Spot vCPUs of all families count against one quota of their own.
      return market === "spot" ? { ...all, market } : { ...all, family, market }
    case "market":
      return { ...all, market }
    case "region":
    case undefined:
      return all
  }
}

interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
}

const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

/** What was thrown instead of an answer: no login, no way there, or a connection that broke off. */
export function thrownError(thrown: unknown, doing: Pick<Doing, "what" | "url">): Error {
  if (thrown instanceof MusterError) return thrown
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as SdkError
  const words = { cause: thrown, ...(error.code === undefined ? {} : { code: error.code }) }
  const said = (error.message ?? "").split("\n")[0] ?? ""
  if (isLoginError(error)) return noLogin(error, doing.what, thrown)
  if (UNREACHABLE.includes(error.code ?? "")) {
    return new TransientError(
      `${doing.what}: ${doing.url} is unreachable (${said}); check the address and the network`,
      words,
    )
  }
  if (/^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(error.code ?? "")) {
    const message = `${doing.url} shows a certificate that is not trusted here (${said})`
    return new RejectedError(`${doing.what}: ${message}; give its authority as ca, or in NODE_EXTRA_CA_CERTS`, words)
  }
  return new TransientError(
    `${doing.what}: no complete answer from ${doing.url}: ${said}; the outcome is unknown`,
    words,
  )
}

const LOGIN_ERRORS = [
  "CredentialUnavailableError",
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
]

/** The role lacks this action: what only informs may be done without. */
export function isForbidden(error: unknown): error is AuthError {
  return error instanceof AuthError && /^(Linked)?AuthorizationFailed$/.test(error.code)
}

function isLoginError({ name }: SdkError): boolean {
  return LOGIN_ERRORS.includes(name ?? "")
}

/** @azure/identity says of each way that it tried why it failed; all of that is for the user. */
function noLogin(error: SdkError, what: string, cause: unknown): AuthError {
  const tried = (error.message ?? "")
    .trim()
    .split(/\s*\n\s*/)
    .join("; ")
  const message = `${what}: no Azure login: ${tried}; run "az login", set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or pass credential to azure()`
  return new AuthError(message, { code: "NoLogin", cause })
}
