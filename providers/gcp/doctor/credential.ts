/** Whose credentials there are, where they are from, when their token ends, and whether Google accepts them for this region. */
import { AuthError } from "../../../src/errors.js"
import type { Calls, Finding, Look } from "../../../src/provider.js"
import { isoTime } from "../../../src/tables/times.js"
import { lastPart, type NativeRegion } from "../client/native.js"
import type { Send } from "../client/send.js"
import type { GcpAuth, GcpOptions } from "../options.js"

/** What is read of the credentials, beside their tokens. */
export interface CredentialSource {
  readonly project: () => Promise<string>
  readonly auth: () => GcpAuth | undefined
}

/** The region as Google describes it; `lacking`: the permission to read it is not there, so that the credentials were accepted. */
export type ReadRegion = (calls: Calls) => Promise<NativeRegion | { readonly lacking: AuthError }>

/** Asked once for both looks. */
export function regionReader(send: Send, { region }: GcpOptions): ReadRegion {
  let known: ReturnType<ReadRegion> | undefined
  const read: ReadRegion = async (calls) => {
    const request = { what: `reading region ${region}`, message: { region }, fields: "name,zones,status" }
    try {
      return await send(calls, "regions.get", request)
    } catch (error) {
      if (error instanceof AuthError && isLackOfRight(error)) return { lacking: error }
      throw error
    }
  }
  return (calls) => (known ??= read(calls))
}

/** As `codes.ts` calls it; all else is about who asks. */
export function isLackOfRight({ code }: AuthError): boolean {
  return /^(IAM_PERMISSION_DENIED|PERMISSIONS?_(ERROR|DENIED)|FORBIDDEN|INSUFFICIENT_PERMISSIONS|forbidden)$/i.test(
    code,
  )
}

export function credentialLook(source: CredentialSource, readRegion: ReadRegion): Look {
  return {
    name: "credential",
    look: async (_examined, calls) => {
      await readRegion(calls)
      const project = await source.project()
      const facts = await factsOf(source.auth())
      return [found(project, facts, calls.now())]
    },
  }
}

/** What the clients of google-auth-library have; a client of the user's own need not. */
interface AuthClient {
  readonly constructor: { readonly name: string }
  readonly credentials?: { readonly expiry_date?: number | null }
  readonly email?: string
  readonly quotaProjectId?: string
}

interface AuthFacts {
  readonly source?: string
  readonly email?: string
  readonly expires?: number
}

/** By the names of the library's classes. */
const SOURCES: Readonly<Record<string, string>> = {
  Compute: "this machine's service account (metadata server)",
  JWT: "a service account's key file",
  UserRefreshClient: "your own login (gcloud auth application-default login)",
  OAuth2Client: "an OAuth client",
  Impersonated: "an impersonated service account",
  IdentityPoolClient: "workload identity federation",
  AwsClient: "workload identity federation from AWS",
  PluggableAuthClient: "workload identity federation by a program",
}

async function factsOf(auth: GcpAuth | undefined): Promise<AuthFacts> {
  if (auth === undefined) return { source: "none: this endpoint is asked without" }
  const { getClient, getCredentials } = auth as {
    readonly getClient?: () => Promise<AuthClient>
    readonly getCredentials?: () => Promise<{ readonly client_email?: string | undefined }>
  }
  const client = typeof getClient === "function" ? await getClient.call(auth) : (auth as unknown as AuthClient)
  const source = SOURCES[client.constructor.name]
  // It has been read by now, or is the metadata server's to tell; where it is not known nothing depends on it.
  const asked = typeof getCredentials === "function" ? await getCredentials.call(auth).catch(() => ({})) : {}
  const { client_email: email = client.email } = asked as { readonly client_email?: string }
  const expires = client.credentials?.expiry_date ?? undefined
  return {
    ...(source === undefined ? {} : { source }),
    ...(email === undefined ? {} : { email }),
    ...(typeof expires === "number" && expires > 1 ? { expires } : {}),
  }
}

function found(project: string, { source, email, expires }: AuthFacts, now: number): Finding {
  const parts = [
    `project ${project}`,
    ...(email === undefined ? [] : [email]),
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(expires === undefined ? [] : [`token until ${isoTime(expires)}`]),
  ]
  const data = {
    project,
    ...(email === undefined ? {} : { email }),
    ...(source === undefined ? {} : { source }),
    ...(expires === undefined ? {} : { expires }),
  }
  if (expires === undefined || expires > now) return { status: "ok", text: parts.join(", "), data }
  return { status: "warn", text: parts.join(", "), remedy: "gcloud auth application-default login", data }
}

export function regionLook({ region }: GcpOptions, readRegion: ReadRegion): Look {
  return {
    name: "region",
    look: async (_examined, calls) => {
      const answer = await readRegion(calls)
      if ("lacking" in answer) {
        const remedy = "grant compute.regions.get: muster policy gcp; or name the zones: gcp({ zones })"
        return [{ status: "warn", text: `${region} may not be read`, remedy }]
      }
      const { zones = [], status = "UP" } = answer
      const names = zones.map(lastPart).sort()
      if (status !== "UP") return [{ status: "fail", text: `${region} is ${status}`, remedy: "name another region" }]
      return [{ status: "ok", text: `${region}: ${names.join(", ")}`, data: { zones: names } }]
    },
  }
}
