/** From what a request came to, to the classes of `src/errors`; what each sign means is in `codes.ts`. */
import {
  AuthError,
  CapacityError,
  MusterError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
} from "../../src/errors.js"
import type { Offer } from "../../src/provider.js"
import { type CodeRow, COLD_MS, rowOf } from "./codes.js"
import { scopeOf } from "./families.js"
import type { HttpReply } from "./http.js"
import type { OperationError } from "./native.js"

/** What was being done when it failed. */
export interface Doing {
  /** "launching 8 × n2-standard-4 (on-demand, europe-west2-a)" */
  readonly what: string
  readonly region: string
  readonly endpoint?: string
  /** The pool that was asked, of a launch: scopes are made from it. */
  readonly offer?: Offer
  /** Milliseconds since 1970: until when a throttle lasts depends on the minute. */
  readonly now?: () => number
}

/** An answer that is no success, as it came. */
export class HttpFailure extends Error {
  readonly reply: HttpReply

  constructor(reply: HttpReply) {
    super(`HTTP ${reply.status}`)
    this.name = "HttpFailure"
    this.reply = reply
  }
}

/** What one refusal says, in either of its two forms. */
export interface Said {
  readonly codes: readonly string[]
  readonly message: string
  readonly metric?: string
  /** The number that was reached, of a quota of requests. */
  readonly limit?: string
  readonly link?: string
}

/** The name of this error in the answer of a thing that exists already; `launch` looks whose it is. */
export const EXISTS = "alreadyExists"

/** What was asked for is not there, in either spelling. */
export function isNotFound(error: unknown): error is MusterError {
  return error instanceof MusterError && (error.code === "notFound" || error.code === "RESOURCE_NOT_FOUND")
}

interface ErrorBody {
  readonly error?: {
    readonly code?: number
    readonly message?: string
    readonly status?: string
    readonly errors?: readonly { readonly reason?: string; readonly extendedHelp?: string }[]
    readonly details?: readonly {
      readonly reason?: string
      readonly metadatas?: Readonly<Record<string, string>>
      readonly metadata?: Readonly<Record<string, string>>
      readonly metricName?: string
      readonly links?: readonly { readonly url?: string }[]
    }[]
  }
}

/** The class that says what to do about an error, with words for the user and the original as its cause. */
export function toMusterError(thrown: unknown, doing: Doing): Error {
  if (thrown instanceof AuthError && !thrown.message.startsWith(doing.what)) {
    return new AuthError(`${doing.what}: ${thrown.message}`, { code: thrown.code, cause: thrown.cause })
  }
  if (thrown instanceof MusterError) return thrown
  if (thrown instanceof HttpFailure) return refused(thrown, doing)
  return broken(thrown, doing)
}

function refused(failure: HttpFailure, doing: Doing): MusterError {
  const { status, headers, body } = failure.reply
  const parsed = parsedBody(body)
  if (parsed?.error === undefined) {
    const shown = JSON.stringify(body.replace(/\s+/g, " ").trim().slice(0, 80))
    return garbled(
      `${placeOf(doing)} answered HTTP ${status} with what is not Compute Engine's: ${shown}`,
      doing,
      failure,
    )
  }
  const said = saidIn(parsed, status)
  return asError(said, doing, { status, cause: failure, retryAfter: Number(headers["retry-after"]) })
}

/** A reply that cannot be read: what was asked may have been done. */
export function garbled(message: string, doing: Doing, cause?: unknown): TransientError {
  return new TransientError(`${doing.what}: ${message}; is there a proxy or a login page between here and Google?`, {
    cause,
  })
}

function parsedBody(body: string): ErrorBody | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === "object" && parsed !== null ? (parsed as ErrorBody) : undefined
  } catch {
    return undefined
  }
}

function saidIn({ error = {} }: ErrorBody, status: number): Said {
  const details = error.details ?? []
  const reasons = [
    ...details.map(({ reason }) => reason),
    ...(error.errors ?? []).map(({ reason }) => reason),
    error.status,
  ]
  const metric = details
    .map((detail) => detail.metricName ?? detail.metadatas?.quota_metric ?? detail.metadata?.quota_metric)
    .find((name) => name)
  const link = details
    .flatMap(({ links }) => links ?? [])
    .map(({ url }) => url)
    .find((url) => url)
  const limit = details
    .map((detail) => detail.metadatas?.quota_limit_value ?? detail.metadata?.quota_limit_value)
    .find((value) => value)
  const message = error.message ?? `HTTP ${status}`
  return {
    codes: [
      ...new Set([...reasons.filter((reason) => reason !== undefined && reason !== ""), `HTTP ${status}`]),
    ] as string[],
    message,
    ...metricOf(metric, message),
    ...(limit === undefined ? {} : { limit }),
    ...(link === undefined || message.includes(link) ? {} : { link }),
  }
}

/** "Quota 'N2_CPUS' exceeded. Limit: 24.0 in region us-central1." */
function metricOf(metric: string | undefined, message: string): { readonly metric?: string } {
  const found = metric ?? /quota '([A-Za-z0-9_]+)' exceeded/i.exec(message)?.[1]
  return found === undefined ? {} : { metric: found }
}

/** One entry of a failed operation's errors. */
export function saidBy({ code = "UNKNOWN", message = code, errorDetails = [] }: OperationError): Said {
  const metric = errorDetails.map(({ quotaInfo }) => quotaInfo?.metricName).find((name) => name)
  const reasons = errorDetails.flatMap(({ errorInfo }) => errorInfo?.reason ?? [])
  return { codes: [code, ...reasons.filter((reason) => reason !== code)], message, ...metricOf(metric, message) }
}

interface Circumstances {
  readonly status?: number
  readonly cause?: unknown
  /** Seconds; NaN where the answer does not say. */
  readonly retryAfter?: number
}

/** The error for what was said. Codes that are new to us count by their HTTP status; without one as a failed attempt. */
export function asError(
  said: Said,
  doing: Doing,
  { status, cause, retryAfter = Number.NaN }: Circumstances = {},
): MusterError {
  const row = rowOf(said.codes, said.message)
  const code = said.codes[0] ?? "UNKNOWN"
  const message = sentence(said, row, doing)
  const words = { code, cause }
  const where = { region: doing.region, offer: doing.offer, metric: said.metric }
  const refusal = { ...words, scope: scopeOf(row?.scope, where), ttlMs: row?.ttlMs ?? COLD_MS }
  switch (row?.verdict) {
    case "throttled":
      return new ThrottledError(message, { ...words, retryAfterMs: waitMs(row, doing.now?.(), retryAfter) })
    case "quota":
      return new QuotaError(message, refusal)
    case "capacity":
    case "summary":
      return new CapacityError(message, refusal)
    case "auth":
      return new AuthError(message, words)
    case "exists":
      return new RejectedError(message, { ...words, code: EXISTS })
    case "rejected":
      return new RejectedError(message, words)
    case "transient":
      return new TransientError(message, words)
    case undefined:
      return (status ?? 500) >= 500 ? new TransientError(message, words) : new RejectedError(message, words)
  }
}

const MINUTE_MS = 60_000
/** Clocks differ by less than this: the next window must have begun at Google's. */
const SKEW_MS = 1_000

function waitMs(row: CodeRow, now = 0, retryAfterSeconds: number): number {
  if (retryAfterSeconds > 0) return retryAfterSeconds * 1000
  return row.retryAfter === "next-minute" ? MINUTE_MS - (now % MINUTE_MS) + SKEW_MS : (row.retryAfter ?? MINUTE_MS)
}

/** "what was done: what Google said (its code); what to do" */
function sentence(said: Said, row: CodeRow | undefined, doing: Doing): string {
  const words = said.message.trim().replace(/\.$/, "")
  const link = said.link === undefined ? "" : ` (${said.link})`
  const remedy = remedyOf(said, row, doing)
  return `${doing.what}: ${words}${link} (${said.codes[0] ?? "no code"})${remedy === undefined ? "" : `; ${remedy}`}`
}

function remedyOf({ metric, limit }: Said, row: CodeRow | undefined, doing: Doing): string | undefined {
  if (row?.verdict === "quota" && row.scope === "metric") return quotaRemedy(metric, doing)
  if (row?.verdict !== "throttled" || limit === undefined) return row?.remedy
  return `this project may make ${limit} a minute: gcp({ requestsPerMinute }) keeps below that`
}

function quotaRemedy(metric: string | undefined, { region }: Doing): string {
  const which = metric === undefined ? "this quota" : `quota ${metric}`
  return `ask for an increase of ${which} in ${region} (IAM & Admin, Quotas), or add instance types that count against another`
}

const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

/** No way there, a certificate nobody trusts, or a connection that broke off: then the outcome is unknown. */
function broken(thrown: unknown, doing: Doing): MusterError {
  const error = (
    typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }
  ) as NodeJS.ErrnoException
  const said = (error.message ?? "").split("\n")[0] ?? ""
  const words = { cause: thrown, ...(error.code === undefined ? {} : { code: String(error.code) }) }
  if (UNREACHABLE.includes(error.code ?? "")) {
    return new TransientError(
      `${doing.what}: ${placeOf(doing)} is unreachable (${said}); check the address and the network`,
      words,
    )
  }
  if (/^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(error.code ?? "")) {
    const message = `${placeOf(doing)} shows a certificate that is not trusted here (${said})`
    return new RejectedError(`${doing.what}: ${message}; name its authority in NODE_EXTRA_CA_CERTS`, words)
  }
  return new TransientError(
    `${doing.what}: no complete answer from ${placeOf(doing)}: ${said}; the outcome is unknown`,
    words,
  )
}

function placeOf({ endpoint }: Doing): string {
  return endpoint ?? "compute.googleapis.com"
}
