/** Keys: what the user gives is checked, and where they come from is asked anew when AWS does not accept them. */
import { AuthError, MusterError, TransientError } from "../../../src/errors.js"
import { signingTrouble } from "./errors.js"
import type { AwsClient, AwsCredentials, AwsOptions } from "../options.js"
import { dateOf } from "../options-check.js"

/** What an SDK signs with ("AwsCredentialIdentity" in @aws-sdk/types). */
type Identity = Omit<AwsCredentials, "expiration"> & { readonly expiration?: Date }

/** Is given `forceRefresh` when what it returned last was not accepted: providers of the SDK's own keep what they have found. */
type IdentityProvider = (options?: object) => Promise<Identity>

/** The settings of a client of the SDK about keys. */
interface KeySettings {
  readonly credentials?: Identity | IdentityProvider
  /**
   * The shared files are read anew whenever keys are looked up: the SDK else keeps their text for the life of the process, for
   * all clients ("SharedConfigInit", @smithy/core/config).
   */
  readonly ignoreCache?: true
}

export function keySettings({ credentials }: Pick<AwsOptions, "credentials">): KeySettings {
  if (credentials === undefined) return { ignoreCache: true }
  if (typeof credentials !== "function") return { credentials: identityOf(credentials) }
  const ask = credentials as (options?: object) => unknown
  return { credentials: async (options) => identityOf(await resolved(ask, options)) }
}

/** @throws what an SDK's own provider throws, as it is; else TransientError: the next time it may be there. */
async function resolved(ask: (options?: object) => unknown, options: object | undefined): Promise<unknown> {
  try {
    return await ask(options)
  } catch (cause) {
    if (cause instanceof MusterError || isProviderError(cause)) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TransientError(`nothing was sent: the function given as aws.credentials failed: ${reason}`, { cause })
  }
}

function isProviderError(thrown: unknown): boolean {
  return ["CredentialsProviderError", "TokenProviderError"].includes((thrown as { name?: string } | null)?.name ?? "")
}

/** @throws AuthError that names what is missing or wrong; it never shows a key. */
function identityOf(given: unknown): Identity {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, ...rest } = fieldsOf(given)
  for (const [name, value] of Object.entries({ accessKeyId, secretAccessKey })) {
    if (typeof value !== "string" || value === "") throw wrong(`${name} is ${typeOf(value)}`, given)
  }
  if (sessionToken !== undefined && typeof sessionToken !== "string") {
    throw wrong(`sessionToken is ${typeOf(sessionToken)}`, given)
  }
  const keys = { accessKeyId: accessKeyId as string, secretAccessKey: secretAccessKey as string }
  const session = sessionToken === undefined ? {} : { sessionToken }
  if (expiration === undefined || expiration === null) return { ...rest, ...keys, ...session }
  const date = dateOf(expiration)
  if (date === undefined) throw wrong(`expiration is ${typeOf(expiration)} that is no date`, given)
  return { ...rest, ...keys, ...session, expiration: date }
}

function fieldsOf(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given === "object" && given !== null) return given as Readonly<Record<string, unknown>>
  throw wrong(`it is ${typeOf(given)}`, given)
}

function wrong(problem: string, given: unknown): AuthError {
  const has =
    typeof given === "object" && given !== null ? ` (it has ${Object.keys(given).join(", ") || "nothing"})` : ""
  const message = `what aws.credentials gave cannot be used: ${problem}${has}; return { accessKeyId, secretAccessKey, sessionToken?, expiration? }`
  return new AuthError(message, { code: "InvalidCredentials" })
}

function typeOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return value === "" ? "empty" : String(value)
  return Array.isArray(value) ? "a list" : `of type ${typeof value}`
}

/** What one request has been sent again for: each reason counts once. */
export type Resent = Set<"clock" | "keys">

/** Sends through a client: `resent` is the same for all attempts of one request. */
export type Deliver = (
  command: object,
  options: { readonly signal: AbortSignal; readonly resent: Resent },
) => Promise<unknown>

/**
 * Sends requests, and once more those whose signature was not accepted: after the SDK has corrected its clock, and after the
 * keys were resolved anew, once for all requests that were signed with the same. Refused so, nothing was done.
 */
export function delivering(client: AwsClient): Deliver {
  let generation = 0
  let renewing: Promise<void> | undefined
  const renew = async () => {
    await resolveAnew(client)
    generation += 1
  }
  const deliver: Deliver = async (command, options) => {
    const { signal, resent } = options
    const signedBy = generation
    try {
      return await client.send(command as never, { abortSignal: signal })
    } catch (error) {
      const trouble = signingTrouble(error)
      if (signal.aborted || trouble === undefined || resent.has(trouble)) throw error
      resent.add(trouble)
      if (trouble === "keys" && signedBy === generation) {
        renewing ??= renew().finally(() => (renewing = undefined))
        await renewing
      }
      return deliver(command, options)
    }
  }
  return deliver
}

/** A client that the user made resolves its keys its own way; one that is not the SDK's is only asked again. */
async function resolveAnew(client: AwsClient): Promise<void> {
  const { config } = client as { readonly config?: { readonly credentials?: unknown } }
  const provider = config?.credentials
  if (typeof provider === "function") await (provider as IdentityProvider)({ forceRefresh: true })
}
