/** From what the SDK throws to the classes of `src/errors`; what EC2's own answers mean is in `answers.ts`. */
import { AuthError, MusterError, RejectedError, TransientError } from "../../../src/errors.js"
import { unsentError } from "../../../src/tables/connection-errors.js"
import { retryAfterOf } from "../../../src/tables/retry-after.js"
import { type RequestContext, readAnswer } from "./answers.js"
import { rowOf } from "./codes.js"

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
    /** The SDK has read the clock skew from this answer and signs the next request right. */
    readonly clockSkewCorrected?: boolean
  }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  /** The body that could not be read as XML. */
  readonly $responseBodyText?: string
}

/** What HTTP 501 is called here, whatever its body says: the action is not there, and asking again does not make it. */
export const NOT_IMPLEMENTED = "NotImplemented"

/** The class that says what to do about an error, with a message for the user and the original as its cause. */
export function toMusterError(thrown: unknown, context: RequestContext): MusterError {
  if (thrown instanceof MusterError) return thrown
  const error = sdkErrorOf(thrown)
  if (error.$responseBodyText !== undefined) return garbled(error, context)
  if (error.$fault !== undefined) return answered(error, context)
  return unsent(error, context) ?? broken(error, context)
}

function sdkErrorOf(thrown: unknown): SdkError {
  return (typeof thrown === "object" && thrown !== null ? thrown : { message: String(thrown) }) as SdkError
}

/** The same request, signed anew, may be accepted: the clock was wrong and is right now, or the keys were not accepted. */
export function signingTrouble(thrown: unknown): "clock" | "keys" | undefined {
  const { name = "", message = "", $fault, $metadata } = sdkErrorOf(thrown)
  if ($fault === undefined) return undefined
  if ($metadata?.clockSkewCorrected === true) return "clock"
  return rowOf(name, message)?.isAboutKeys === true ? "keys" : undefined
}

function garbled(error: SdkError, context: RequestContext): MusterError {
  const status = error.$metadata?.httpStatusCode ?? "?"
  const type = error.$response?.headers?.["content-type"] ?? "no content type"
  const body = (error.$responseBodyText ?? "").replace(/\s+/g, " ").trim()
  const shown = body.length > 80 ? `${body.slice(0, 77)}...` : body
  const answer = `${placeOf(context)} answered with what is not complete EC2 XML (HTTP ${status}, ${type}): ${JSON.stringify(shown)}`
  const message = `${context.what}: ${answer}`
  return status === 501
    ? new RejectedError(message, { code: NOT_IMPLEMENTED, cause: error })
    : new TransientError(message, { cause: error })
}

/** An answer of EC2 with a code. */
function answered(error: SdkError, context: RequestContext): MusterError {
  const { name: code = "Unknown", message = "", $fault, $metadata } = error
  const status = $metadata?.httpStatusCode ?? ($fault === "server" ? 500 : 400)
  const requestId = $metadata?.requestId === undefined ? {} : { requestId: $metadata.requestId }
  const read = readAnswer(
    { code, message, status, cause: error, ...requestId, ...retryAfterOf(error.$response?.headers) },
    context,
  )
  if (status !== 501) return read
  return new RejectedError(read.message, { ...requestId, code: NOT_IMPLEMENTED, cause: error })
}

/** What failed before a byte was sent: no way there, or no key to sign with. */
function unsent(error: SdkError, context: RequestContext): MusterError | undefined {
  if (error.name === "CredentialsProviderError" || error.name === "TokenProviderError")
    return noCredentials(error, context)
  const unknownHost = "check the region's name and the network"
  return unsentError(error, { what: context.what, place: placeOf(context), unknownHost })
}

function noCredentials(error: SdkError, context: RequestContext): AuthError {
  const tried =
    "environment (AWS_ACCESS_KEY_ID), shared config and credentials files (profile, SSO, aws login, process), " +
    "web identity token, container role, instance metadata"
  const message = `no AWS credentials (${(error.message ?? "").trim()}); tried: ${tried}`
  return new AuthError(
    `${context.what}: ${message}; run "aws configure" or "aws sso login", or pass credentials to aws()`,
    {
      code: "NoCredentials",
      cause: error,
    },
  )
}

/** A connection that broke off, or an unexpected error: the outcome is unknown. */
function broken(error: SdkError, context: RequestContext): TransientError {
  const code = error.code === undefined ? "" : ` (${error.code})`
  const shown = (error.message ?? "").split("\n")[0] ?? ""
  const message = `${context.what}: no complete answer from ${placeOf(context)}: ${shown}${code}; the outcome is unknown`
  return new TransientError(message, { cause: error, ...(error.code === undefined ? {} : { code: error.code }) })
}

function placeOf({ endpoint, region }: RequestContext): string {
  return endpoint ?? `the EC2 endpoint of ${region}`
}

/** An action that the endpoint does not have: EC2's own code, and the code for HTTP 501 here. */
const NO_SUCH_ACTION = ["InvalidAction", NOT_IMPLEMENTED]

/** Not allowed, or not there where something else speaks EC2's language; wrong credentials are another matter. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof AuthError) return error.code === "UnauthorizedOperation"
  return error instanceof RejectedError && NO_SUCH_ACTION.includes(error.code)
}
