/** From what Azure answers, and what is thrown on the way, to the classes of `src/errors`. */
import { AuthError, MusterError, RejectedError, TransientError } from "../../../src/errors.js"
import { rowOf } from "./codes.js"
import { type RequestContext, outcomeOf, type ErrorDetails } from "./outcome.js"
import { connectionError, UNREACHABLE } from "../../../src/tables/connection-errors.js"
import { retryAfterOf } from "../../../src/tables/retry-after.js"
import { NoTokenError } from "./credentials.js"

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
  return mostSpecific([...chainOf((body as { error?: unknown } | null)?.error ?? body)])
}

/**
 * What a chain of errors says, outermost first. The innermost code that we know says most: the outer one is often
 * "InvalidTemplateDeployment" or "Conflict".
 */
export function mostSpecific(errors: readonly ArmError[]): ArmError | undefined {
  const known = errors.filter(({ code, message }) => rowOf(code, message) !== undefined)
  const best = known.at(-1) ?? errors[0]
  if (best === undefined) return undefined
  const text = errors.map(({ message }) => message).filter((message) => message !== "" && !message.startsWith("{"))
  return { code: best.code, message: [...new Set(text)].join(": ") }
}

interface NativeError {
  readonly code?: unknown
  readonly message?: unknown
  readonly details?: unknown
  readonly innererror?: unknown
}

/** An error and all that is inside it: in its details, its inner error, or as JSON in its message. */
export function* chainOf(error: unknown): Iterable<ArmError> {
  const native = (typeof error === "object" && error !== null ? error : {}) as NativeError
  const message = typeof native.message === "string" ? native.message : ""
  if (typeof native.code === "string" && native.code !== "") yield { code: native.code, message }
  if (message.startsWith("{")) yield* chainOf(errorIn(message))
  if (Array.isArray(native.details)) for (const detail of native.details) yield* chainOf(detail)
  if (native.innererror !== undefined) yield* chainOf(native.innererror)
}

function errorIn(text: string): unknown {
  try {
    const json = JSON.parse(text) as { readonly error?: unknown }
    return json.error ?? json
  } catch {
    return undefined
  }
}

/** What this answer says to do; undefined when it is one of `accepts`, whose meaning the caller knows. */
export function refusalOf(
  reply: ArmReply,
  context: RequestContext,
  accepts: readonly number[],
): MusterError | undefined {
  const error = armErrorOf(reply.body)
  if (accepts.includes(reply.status) && isExpected(error, reply, context)) return undefined
  const { status } = reply
  if (error === undefined && status === 429) return throttleWithoutCode(reply, context)
  const details = error ?? errorWithoutCode(reply)
  if (details === undefined) return unreadable(reply, context)
  const { code, message } = details
  return outcomeOf({ code, message, status, ...requestOf(reply), ...throttleOf(details, reply, context) }, context)
}

/**
 * Whether a status that the caller accepts means no more than the status says. "There is none" is believed of Azure alone, in
 * its own words: the page of a proxy says 404 as well, and so does a type or a version that Resource Manager does not serve.
 * That there is no group says nothing of what is in it while the group is known to be there.
 */
function isExpected(error: ArmError | undefined, reply: ArmReply, { isRecent }: RequestContext): boolean {
  const verdict = error === undefined ? undefined : rowOf(error.code, error.message, reply.status)?.verdict
  if (reply.status !== 404) return verdict === undefined || verdict === "conflict"
  if (error === undefined) return isEmptyAnswer(reply)
  if (isRecent === true && error.code === "ResourceGroupNotFound") return false
  return verdict === undefined ? false : ["missing", "conflict", "fenced"].includes(verdict)
}

/** An answer without a word, but with the id that Resource Manager gives to each request. */
function isEmptyAnswer(reply: ArmReply): boolean {
  return reply.body === "" && requestIdOf(reply) !== undefined
}

/** An answer of Azure's that has no code is an answer all the same. So is a 401 of any sender: it asks for another login. */
function errorWithoutCode(reply: ArmReply): ArmError | undefined {
  const { status, body } = reply
  const isAnswer = status >= 400 && status < 500 && requestIdOf(reply) !== undefined
  const isPage = typeof body === "string" && body.trimStart().startsWith("<")
  if (status !== 401 && (!isAnswer || isPage)) return undefined
  const text = typeof body === "string" ? body : JSON.stringify(body)
  return { code: `Http${status}`, message: text === "" || isPage ? `HTTP ${status} without a word of why` : text }
}

/** A gateway's own 429 has no code; it is a throttle all the same. */
function throttleWithoutCode(reply: ArmReply, context: RequestContext): MusterError {
  const details = { code: "TooManyRequests", message: "too many requests", status: reply.status }
  return outcomeOf({ ...details, ...requestOf(reply), ...retryAfterOf(reply.headers) }, context)
}

/** A proxy's page, half an answer: nothing may be concluded from it. */
export function unreadable(reply: ArmReply, context: RequestContext): TransientError {
  const text = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body ?? "")
  const shown = text.replace(/\s+/g, " ").trim().slice(0, 80)
  const message = `${context.url} answered with what is not Azure's (HTTP ${reply.status}, ${reply.headers["content-type"] ?? "no content type"}): ${JSON.stringify(shown)}`
  return new TransientError(`${context.what}: ${message}; is there a proxy or a login page between?`)
}

function requestOf(reply: ArmReply): { readonly requestId?: string } {
  const requestId = requestIdOf(reply)
  return requestId === undefined ? {} : { requestId }
}

function requestIdOf({ headers }: ArmReply): string | undefined {
  return headers["x-ms-request-id"] ?? headers["x-ms-correlation-request-id"]
}

function throttleOf(
  error: ArmError,
  reply: ArmReply,
  context: RequestContext,
): Pick<ErrorDetails, "retryAfterMs" | "bucket"> {
  return { ...retryAfterOf(reply.headers), ...bucketOf(error, reply, context) }
}

/** Whose bucket ran dry: ARM's for the subscription, or compute's own; they stop different requests. */
function bucketOf({ code }: ArmError, reply: ArmReply, { cost }: RequestContext): { readonly bucket?: string } {
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

interface SdkError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
}

/** What was thrown instead of an answer: no login, no way there, or a connection that broke off. */
export function thrownError(thrown: unknown, context: Pick<RequestContext, "what" | "url">): Error {
  if (thrown instanceof MusterError) return thrown
  const error = (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as SdkError
  const origin = { cause: thrown, ...(error.code === undefined ? {} : { code: error.code }) }
  const reason = (error.message ?? "").split("\n")[0] ?? ""
  if (thrown instanceof NoTokenError) return noToken(thrown, context.what)
  // The SDK keeps the words and the code of what a proxy has answered, and not its class.
  const proxy = /^Proxy(\d+)$/.exec(error.code ?? "")?.[1]
  if (proxy === "407") return new AuthError(`${context.what}: ${reason}`, origin)
  if (proxy?.startsWith("4") === true) return new RejectedError(`${context.what}: ${reason}`, origin)
  const authority = "give its authority as ca, or in NODE_EXTRA_CA_CERTS"
  return connectionError(thrown, { what: context.what, place: context.url, authority })
}

/** Names of "@azure/identity": no way of logging in works here, or the directory has refused it. */
const LOGIN_ERRORS = [
  "CredentialUnavailableError",
  "AggregateAuthenticationError",
  "AuthenticationError",
  "AuthenticationRequiredError",
]

interface LoginError extends SdkError {
  readonly statusCode?: number
  readonly cause?: SdkError
}

const PASSING = [...UNREACHABLE, "ECONNRESET", "ETIMEDOUT", "EPIPE", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_SOCKET"]

/** The directory did not answer, or the caller gave up. */
function isPassingLogin({ name = "", code = "", statusCode = 0, cause }: LoginError): boolean {
  const isOut = statusCode >= 500 || statusCode === 429 || PASSING.includes(code) || PASSING.includes(cause?.code ?? "")
  return isOut || name === "AbortError" || name === "TimeoutError"
}

/** Nothing was sent. */
function noToken({ message, cause }: NoTokenError, what: string): AuthError | TransientError {
  const error = (typeof cause === "object" && cause !== null ? cause : {}) as LoginError
  if (isPassingLogin(error)) return new TransientError(`${what}: no token: ${message}`, { code: "NoToken", cause })
  if (LOGIN_ERRORS.includes(error.name ?? "")) return noLogin(error, what, cause)
  return new AuthError(`${what}: no token: ${message}`, { code: "NoToken", cause })
}

/** Refused for good: what only informs is done without. What passes is asked for again instead. */
export function isRefused(error: unknown): boolean {
  return isForbidden(error) || error instanceof RejectedError
}

/** The role lacks this action: what only informs may be done without. */
export function isForbidden(error: unknown): error is AuthError {
  return error instanceof AuthError && /^(Linked)?AuthorizationFailed$/.test(error.code)
}

/** @azure/identity says of each way that it tried why it failed; all of that is for the user. */
function noLogin(error: SdkError, what: string, cause: unknown): AuthError {
  const tried = (error.message ?? "")
    .trim()
    .split(/\s*\n\s*/)
    .join("; ")
  const message = `run "az login", set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or pass credential to azure(): ${what}: no Azure login: ${tried}`
  return new AuthError(message, { code: "NoLogin", cause })
}
