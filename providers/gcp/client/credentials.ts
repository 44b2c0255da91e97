/** The credentials of requests, and the project that they are for. */
import { AuthError, MusterError, SpecError, TransientError } from "../../../src/errors.js"
import { type GcpAuth, type GcpOptions, namedProject, needsCredentials } from "../options.js"
import { type AuthorizationSource, type Authorizer, authorizerOf } from "./authorization.js"
import { loadAuthLibrary } from "./sdk.js"

const SCOPES = ["https://www.googleapis.com/auth/compute", "https://www.googleapis.com/auth/cloud-platform"]

export interface Identity extends Authorizer {
  readonly project: () => Promise<string>
  /** What makes the tokens now; undefined where requests carry none. */
  readonly auth: () => GcpAuth | undefined
}

/** Nothing is looked up before it is asked for. Requests to a server on this machine carry no authorization. */
export function identityOf(options: GcpOptions): Identity {
  const { auth } = options
  if (auth === undefined && !needsCredentials(options)) {
    return { ...authorizerOf(undefined), project: () => projectOf(options, undefined), auth: () => undefined }
  }
  if (auth !== undefined) {
    return {
      ...authorizerOf(ownSource(auth, options)),
      project: () => projectOf(options, () => auth),
      auth: () => auth,
    }
  }
  let found: GcpAuth | undefined
  const current = () => (found ??= defaultCredentials())
  const ask = (url: string) => tokenHeaders(current(), url, options)
  const askAnew = (url: string) => {
    // Another object reads files and variables again, so that a new login needs no new process.
    found = undefined
    return ask(url)
  }
  return { ...authorizerOf({ ask, askAnew }), project: () => projectOf(options, current), auth: current }
}

function defaultCredentials(): GcpAuth {
  const { GoogleAuth } = loadAuthLibrary<{ readonly GoogleAuth: new (options: unknown) => GcpAuth }>()
  return new GoogleAuth({ scopes: SCOPES })
}

/** What a client of google-auth-library has besides. */
interface Keeper {
  readonly credentials?: object
  setCredentials?(credentials: object): void
}

function ownSource(auth: GcpAuth, options: GcpOptions): AuthorizationSource {
  const ask = (url: string) => tokenHeaders(auth, url, options)
  return {
    ask,
    askAnew: async (url) => {
      const keeper = await keeperOf(auth)
      const { credentials } = keeper
      if (credentials === undefined || keeper.setCredentials === undefined) return ask(url)
      // A client keeps its token until it expires. This is the moment at which the library's own placeholders do.
      keeper.setCredentials({ ...credentials, expiry_date: 1 })
      try {
        return await ask(url)
      } catch (error) {
        keeper.setCredentials(credentials)
        if (error instanceof TransientError) throw error
        // It has no way to another one: what it was given is all there is.
        return ask(url)
      }
    },
  }
}

/** A `GoogleAuth` has a client that keeps the token; everything else keeps its own. */
async function keeperOf(auth: GcpAuth): Promise<Keeper> {
  const { getClient } = auth as { readonly getClient?: () => Promise<Keeper> }
  return typeof getClient === "function" ? getClient.call(auth) : (auth as Keeper)
}

async function tokenHeaders(
  auth: GcpAuth,
  url: string,
  options: GcpOptions,
): Promise<Readonly<Record<string, string>>> {
  let given: unknown
  try {
    given = await auth.getRequestHeaders(url)
  } catch (cause) {
    throw noCredentials(cause)
  }
  return checkedHeaders(given, options)
}

/** "field-value" of RFC 9110: a token that was read from a file with its line's end is none. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** The result of a user's function is checked before it is sent, and is never shown. */
function checkedHeaders(given: unknown, options: GcpOptions): Readonly<Record<string, string>> {
  const entries = entriesOf(given)
  if (entries === undefined) throw wrongHeaders(`it returned ${given == null ? "nothing" : `a ${typeof given}`}`)
  const wrong = entries.find(([, value]) => typeof value !== "string" || !FIELD_VALUE.test(value))
  if (wrong !== undefined) throw wrongHeaders(`its "${wrong[0]}" is no header's value (a line end in it, or no text)`)
  const headers = Object.fromEntries(entries) as Readonly<Record<string, string>>
  const isProof = Object.keys(headers).some((name) => /^(authorization|x-goog-api-key)$/i.test(name))
  if (!isProof && needsCredentials(options)) throw wrongHeaders('it returned no "authorization"')
  return headers
}

function entriesOf(given: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (typeof given !== "object" || given === null) return undefined
  const { entries } = given as { readonly entries?: () => Iterable<readonly [string, unknown]> }
  return typeof entries === "function" ? [...entries.call(given)] : Object.entries(given)
}

function wrongHeaders(what: string): AuthError {
  const message = `gcp.auth: getRequestHeaders must give headers such as { authorization: "Bearer …" }, and ${what}`
  return new AuthError(message, { code: "InvalidCredentials" })
}

/** What passes by itself while a token is fetched: the network to the token server, or that server's own errors. */
const PASSING = /^(ECONNRESET|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EPIPE|EHOSTUNREACH|ENETUNREACH|429|5\d\d)$/

/** The library finds nothing, or finds something that Google refuses a token for, or does not reach Google. */
function noCredentials(cause: unknown): MusterError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause)
  const { code, status } = (cause ?? {}) as { readonly code?: unknown; readonly status?: unknown }
  if ([code, status].some((sign) => PASSING.test(String(sign)))) {
    return new TransientError(`no token for Google's API could be had (${reason})`, {
      code: String(code ?? status),
      cause,
    })
  }
  const tried = "GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, the metadata server"
  return new AuthError(
    `no Google credentials (${reason}); tried: ${tried}; run "gcloud auth application-default login", or pass auth to gcp()`,
    { code: "NoCredentials", cause },
  )
}

async function projectOf(options: GcpOptions, credentials: (() => GcpAuth) | undefined): Promise<string> {
  const named = namedProject(options)
  if (named !== undefined) return named
  let found: unknown
  try {
    found = await credentials?.().getProjectId?.()
  } catch (cause) {
    // No request was made: the package that makes it is not installed.
    throw cause instanceof MusterError ? cause : noCredentials(cause)
  }
  if (typeof found === "string" && found !== "") return found
  const message = "is missing, and neither GOOGLE_CLOUD_PROJECT nor the credentials name one; give the project's id"
  throw new SpecError([{ option: "gcp.project", message }])
}
