/** From what the SDK throws to the classes of `src/errors`; what each code means is in `codes.ts`. */
import {
  AuthError,
  CapacityError,
  type CloudWords,
  MusterError,
  QuotaError,
  RejectedError,
  ThrottledError,
  TransientError,
} from "../../src/errors.js"
import type { Offer, Scope } from "../../src/provider.js"
import { type CodeRow, COLD_MS, rowOf, type ScopeKind } from "./codes.js"
import { decodingRemedy, splitEncoded } from "./decode.js"
import { quotaCodeOf } from "./families.js"

/** What was being done when it failed. */
export interface Doing {
  /** "launching 8 × m7i.large (on-demand, eu-west-1a)" */
  readonly what: string
  readonly region: string
  readonly endpoint?: string
  /** The pool that was asked, of a launch: scopes are made from it. */
  readonly offer?: Offer
  /** The launch's token: a remedy names it where it says `{token}`. */
  readonly token?: string
}

/** The parts of an SDK exception that we read. All may be missing: anything can be thrown on the way. */
interface SdkError {
  readonly name?: string
  readonly message?: string
  /** Node's code of a socket error. */
  readonly code?: string
  readonly $fault?: "client" | "server"
  readonly $metadata?: {
    readonly httpStatusCode?: number
    readonly requestId?: string
    /** The SDK has learned the difference to EC2's clock from this answer and signs the next request right. */
    readonly clockSkewCorrected?: boolean
  }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** The body that could not be read as XML. */
  readonly $responseBodyText?: string
}

/** What HTTP 501 is called here, whatever its body says: the action is not there, and asking again does not make it. */
export const NOT_IMPLEMENTED = "NotImplemented"

/** The class that says what to do about an error, with words for the user and the original as its cause. */
export function toMusterError(thrown: unknown, doing: Doing): Error {
  if (thrown instanceof MusterError) return thrown
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as SdkError
  if (error.$responseBodyText !== undefined) return garbled(error, doing)
  if (error.$fault !== undefined) return refused(error, doing)
  return unsent(error, doing) ?? broken(error, doing)
}

function garbled(error: SdkError, doing: Doing): MusterError {
  const status = error.$metadata?.httpStatusCode ?? "?"
  const type = error.$response?.headers?.["content-type"] ?? "no content type"
  const body = (error.$responseBodyText ?? "").replace(/\s+/g, " ").trim()
  const shown = body.length > 80 ? `${body.slice(0, 77)}...` : body
  const answer = `${placeOf(doing)} answered with what is not complete EC2 XML (HTTP ${status}, ${type}): ${JSON.stringify(shown)}`
  const message = `${doing.what}: ${answer}`
  return status === 501
    ? new RejectedError(message, { code: NOT_IMPLEMENTED, cause: error })
    : new TransientError(message, { cause: error })
}

/** An answer of EC2 with a code. */
function refused(error: SdkError, doing: Doing): MusterError {
  const code = error.name ?? "Unknown"
  const words = wordsOf(error, code)
  const row = rowOf(code, error.message ?? "")
  const message = sentence(error, code, row, doing)
  if (error.$metadata?.httpStatusCode === 501) return new RejectedError(message, { ...words, code: NOT_IMPLEMENTED })
  if (error.$metadata?.clockSkewCorrected) return new TransientError(message, words)
  switch (row?.verdict) {
    case "throttled":
      // Request and resource bucket answer with the same code: both are held back.
      return new ThrottledError(message, { ...words, ...retryAfterOf(error) })
    case "capacity":
      return new CapacityError(message, { ...words, scope: scopeOf(row.scope, doing), ttlMs: row.ttlMs ?? COLD_MS })
    case "quota":
      return new QuotaError(message, { ...words, scope: scopeOf(row.scope, doing), ttlMs: row.ttlMs ?? COLD_MS })
    case "auth":
      return new AuthError(message, words)
    case "rejected":
      return new RejectedError(message, words)
    case "transient":
      return new TransientError(message, words)
    case undefined:
      return isServerFault(error) ? new TransientError(message, words) : new RejectedError(message, words)
  }
}

function isServerFault(error: SdkError): boolean {
  return error.$fault === "server" || (error.$metadata?.httpStatusCode ?? 0) >= 500
}

/** "what was done: what EC2 said (its code, the request's id); what to do" */
function sentence(error: SdkError, code: string, row: CodeRow | undefined, doing: Doing): string {
  const id = error.$metadata?.requestId
  const { said: words, encoded } = splitEncoded((error.message ?? "").trim())
  const said = words.replace(/\.$/, "") || `HTTP ${error.$metadata?.httpStatusCode ?? "?"}`
  const remedy = row?.verdict === "quota" ? quotaRemedy(row, doing) : row?.remedy?.replace("{token}", doing.token ?? "")
  const hints = [remedy, encoded === undefined ? undefined : decodingRemedy(encoded)].flatMap((hint) => hint ?? [])
  return [`${doing.what}: ${said} (${code}${id === undefined ? "" : `, request ${id}`})`, ...hints].join("; ")
}

function quotaRemedy(row: CodeRow, { offer, region }: Doing): string | undefined {
  if (row.scope !== "family" || offer === undefined) return "ask for an increase in Service Quotas"
  const quota = quotaCodeOf(offer.family, offer.market)
  const which = quota === undefined ? "the vCPU quota" : `vCPU quota ${quota}`
  return `ask for an increase of ${which} in ${region} (Service Quotas) or add instance types of another family than ${offer.family}`
}

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(kind: ScopeKind | undefined, { offer, region }: Pick<Doing, "offer" | "region">): Scope {
  const all = { provider: "aws", region }
  if (offer === undefined) return all
  const { zone, instanceType, market, family } = offer
  switch (kind) {
    case "pool":
      return { ...all, zone, instanceType, market }
    case "type-in-zone":
      return { ...all, zone, instanceType }
    case "zone":
      return { ...all, zone }
    case "family":
      return { ...all, family, market }
    case "market":
      return { ...all, market }
    case "region":
    case undefined:
      return all
  }
}

function retryAfterOf(error: SdkError): { readonly retryAfterMs?: number } {
  const seconds = Number(error.$response?.headers?.["retry-after"])
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}
}

const UNREACHABLE = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

/** What failed before a byte was sent: no way there, or no key to sign with. */
function unsent(error: SdkError, doing: Doing): MusterError | undefined {
  const words = { cause: error, ...(error.code === undefined ? {} : { code: error.code }) }
  if (error.name === "CredentialsProviderError" || error.name === "TokenProviderError")
    return noCredentials(error, doing)
  if (error.code !== undefined && UNREACHABLE.includes(error.code)) {
    const hint =
      error.code === "ENOTFOUND" ? "check the region's name and the network" : "check the address and the network"
    return new TransientError(
      `${doing.what}: ${placeOf(doing)} is unreachable (${error.message ?? error.code}); ${hint}`,
      words,
    )
  }
  if (/^(CERT_|ERR_TLS_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(error.code ?? "")) {
    const message = `${placeOf(doing)} shows a certificate that is not trusted here (${error.message ?? ""})`
    return new RejectedError(`${doing.what}: ${message}; name its authority in NODE_EXTRA_CA_CERTS`, words)
  }
  return undefined
}

function noCredentials(error: SdkError, doing: Doing): AuthError {
  const tried =
    "environment (AWS_ACCESS_KEY_ID), shared config and credentials files (profile, SSO, aws login, process), " +
    "web identity token, container role, instance metadata"
  const message = `no AWS credentials (${(error.message ?? "").trim()}); tried: ${tried}`
  return new AuthError(
    `${doing.what}: ${message}; run "aws configure" or "aws sso login", or pass credentials to aws()`,
    {
      code: "NoCredentials",
      cause: error,
    },
  )
}

/** A connection that broke off, or something nobody foresaw: the outcome is unknown. */
function broken(error: SdkError, doing: Doing): TransientError {
  const code = error.code === undefined ? "" : ` (${error.code})`
  const said = (error.message ?? "").split("\n")[0] ?? ""
  const message = `${doing.what}: no complete answer from ${placeOf(doing)}: ${said}${code}; the outcome is unknown`
  return new TransientError(message, { cause: error, ...(error.code === undefined ? {} : { code: error.code }) })
}

function placeOf({ endpoint, region }: Doing): string {
  return endpoint ?? `the EC2 endpoint of ${region}`
}

function wordsOf(error: SdkError, code: string): CloudWords {
  const requestId = error.$metadata?.requestId
  return { code, cause: error, ...(requestId === undefined ? {} : { requestId }) }
}
