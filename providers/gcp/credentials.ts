/** Who asks, and for which project. */
import { createRequire } from "node:module"
import { AuthError, type MusterError, SpecError, TransientError } from "../../src/errors.js"
import { type GcpAuth, type GcpOptions, needsCredentials } from "./options.js"

const SCOPES = ["https://www.googleapis.com/auth/compute", "https://www.googleapis.com/auth/cloud-platform"]

/** Variables that name a project, in the order of Google's own libraries. */
const PROJECT_VARIABLES = ["GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"]

export interface Identity {
  /** The headers that prove who asks; none for a server on this machine. */
  readonly headers: (url: string) => Promise<Readonly<Record<string, string>>>
  readonly project: () => Promise<string>
}

/** Nothing is looked up before it is asked for. */
export function identityOf(options: GcpOptions): Identity {
  const open = options.auth === undefined && !needsCredentials(options)
  let auth: GcpAuth | undefined = options.auth
  const credentials = () => (auth ??= defaultCredentials())
  return {
    headers: async (url) => (open ? {} : tokenHeaders(credentials(), url)),
    project: () => projectOf(options, open ? undefined : credentials),
  }
}

/** google-auth-library is a dependency of the client's own library. */
function defaultCredentials(): GcpAuth {
  const own = createRequire(createRequire(import.meta.url).resolve("@google-cloud/compute/package.json"))
  const { GoogleAuth } = createRequire(own.resolve("google-gax"))("google-auth-library") as {
    readonly GoogleAuth: new (options: unknown) => GcpAuth
  }
  return new GoogleAuth({ scopes: SCOPES })
}

async function tokenHeaders(auth: GcpAuth, url: string): Promise<Readonly<Record<string, string>>> {
  try {
    const headers = await auth.getRequestHeaders(url)
    return headers instanceof Headers ? Object.fromEntries(headers) : headers
  } catch (cause) {
    throw noCredentials(cause)
  }
}

/** What passes by itself while a token is fetched: the way to whoever gives it, or that one's own troubles. */
const PASSING = /^(ECONNRESET|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EPIPE|EHOSTUNREACH|ENETUNREACH|429|5\d\d)$/

/** The library finds nothing, or finds something that Google refuses a token for, or does not reach Google. */
function noCredentials(cause: unknown): MusterError {
  const said = cause instanceof Error ? cause.message.split("\n")[0] : String(cause)
  const { code, status } = (cause ?? {}) as { readonly code?: unknown; readonly status?: unknown }
  if ([code, status].some((sign) => PASSING.test(String(sign)))) {
    return new TransientError(`no token for Google's API could be had (${said})`, {
      code: String(code ?? status),
      cause,
    })
  }
  const tried = "GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, the metadata server"
  return new AuthError(
    `no Google credentials (${said}); tried: ${tried}; run "gcloud auth application-default login", or pass auth to gcp()`,
    { code: "NoCredentials", cause },
  )
}

async function projectOf(options: GcpOptions, credentials: (() => GcpAuth) | undefined): Promise<string> {
  const named = namedProject(options)
  if (named !== undefined) return named
  const found = await credentials?.()
    .getProjectId?.()
    .catch((cause: unknown) => {
      throw noCredentials(cause)
    })
  if (found) return found
  const message = "is missing, and neither GOOGLE_CLOUD_PROJECT nor the credentials name one; give the project's id"
  throw new SpecError([{ option: "gcp.project", message }])
}

/** What says whose quotas are used, before anything is asked. */
export function accountOf(options: GcpOptions): string {
  return namedProject(options) ?? "default"
}

/** The project that is known without asking the credentials. */
export function namedProject({ project }: GcpOptions): string | undefined {
  return project ?? PROJECT_VARIABLES.map((name) => process.env[name]).find((value) => value)
}
