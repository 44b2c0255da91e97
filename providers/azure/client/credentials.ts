/** The login of each request: a token is used until it nears its end, and given up when Azure refuses it before that. */
import type { PipelinePolicy, SendRequest } from "@azure/core-rest-pipeline"
import type { AzureCredential, AzureToken, AzureTokenOptions } from "../options.js"

type PipelineSdk = typeof import("@azure/core-rest-pipeline")

/** No token came for a request, which was not sent. `cause` is what the credential threw, if it did. */
export class NoTokenError extends Error {
  override readonly name = "NoTokenError"
}

/**
 * Replaces the SDK's own policy. That one reacts to a 401 only where it comes with a claims challenge, and then asks the
 * credential once for each refused request of a burst. Here the first refused request gives the token up, and all other
 * requests that were refused with the same token use the new one. Each is sent again once; a second 401 is its answer.
 *
 * @param scopes what a token is asked for: Resource Manager of the cloud.
 */
export function tokenPolicy(sdk: PipelineSdk, credential: AzureCredential, scopes: string): PipelinePolicy {
  // The SDK's policy keeps one token, and asks for the next before that ends. A new policy has none.
  const withoutToken = (first?: AzureTokenOptions) =>
    sdk.bearerTokenAuthenticationPolicy({ credential: careful(credential, first) as never, scopes })
  let current = withoutToken()
  return {
    name: "musterToken",
    sendRequest: async (request, next) => {
      const used = current
      let challenge = ""
      const unchallenged: SendRequest = async (sent) => {
        const answer = await next(sent)
        challenge = answer.headers.get("www-authenticate") ?? ""
        // The SDK's policy would send the request again itself.
        answer.headers.delete("www-authenticate")
        return answer
      }
      const answer = await used.sendRequest(request, unchallenged)
      if (answer.status !== 401) return answer
      if (current === used) current = withoutToken(renewalFor(challenge))
      return current.sendRequest(request, unchallenged)
    },
  }
}

/**
 * What to ask a credential for in place of a token that was refused: one that satisfies the challenge ("Claims challenges,
 * claims requests, and client capabilities"). Where there is none, one of the other kind: "@azure/identity" caches tokens
 * with and without continuous access evaluation apart, and would else give the same one out again until it ends.
 */
function renewalFor(challenge: string): AzureTokenOptions {
  const [, claims] = /\bclaims="([^"]+)"/i.exec(challenge) ?? []
  return claims === undefined
    ? { enableCae: false }
    : { enableCae: true, claims: Buffer.from(claims, "base64").toString("utf8") }
}

/**
 * The credential, with a check of each token that it gives. A login that fails while the last token may still be good is
 * ignored: Azure says when that token has ended, and the credential is asked again then. (No caller awaits the token that the
 * SDK's policy asks for ahead of time.)
 *
 * @param first what is asked for at first; after that what the SDK's policy asks for.
 */
function careful(credential: AzureCredential, first: AzureTokenOptions = {}): AzureCredential {
  let good: AzureToken | undefined
  return {
    getToken: async (scopes, options = {}) => {
      const asked = good === undefined ? { ...options, ...first } : options
      try {
        good = checked(await answered(credential.getToken(scopes, asked), options.abortSignal))
      } catch (thrown) {
        if (good === undefined) throw thrown instanceof NoTokenError ? thrown : failed(thrown)
      }
      return good
    },
  }
}

/** One token, outside of any request. @throws NoTokenError where none can be had. */
export async function tokenOf(credential: AzureCredential, scopes: string, signal: AbortSignal): Promise<AzureToken> {
  return careful(credential).getToken(scopes, { abortSignal: signal }) as Promise<AzureToken>
}

function failed(cause: unknown): NoTokenError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new NoTokenError(`credential.getToken() failed: ${reason}`, { cause })
}

/** A credential that ignores the signal, and never answers, would keep all requests after this one waiting. */
function answered<T>(asking: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return asking
  return new Promise<T>((resolve, reject) => {
    const end = () => reject(new DOMException("nobody waits for it any more", "AbortError"))
    signal.addEventListener("abort", end, { once: true })
    Promise.resolve(asking)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", end))
  })
}

/** @throws NoTokenError that says what is wrong with it, and never what it is. */
function checked(given: unknown): AzureToken {
  const problem = problemOf(given)
  if (problem === undefined) return given as AzureToken
  throw new NoTokenError(`credential.getToken() ${problem}; it must return { token, expiresOnTimestamp }`)
}

/** A moment in seconds would be one in 1970. */
const LEAST_MS = 100_000_000_000

function problemOf(given: unknown): string | undefined {
  if (given === null || given === undefined) return `returned ${String(given)}`
  if (typeof given !== "object") return `returned a ${typeof given}`
  const { token, expiresOnTimestamp } = given as Readonly<Record<string, unknown>>
  if (typeof token !== "string" || token === "") {
    const members = Object.keys(given).join(", ")
    return `returned an object without a token (it has ${members === "" ? "nothing" : members})`
  }
  // It goes into a header, behind the word "Bearer".
  if (!/^[\x21-\x7e]+$/.test(token)) return "returned a token with spaces or line ends in it"
  if (typeof expiresOnTimestamp !== "number" || !Number.isFinite(expiresOnTimestamp))
    return `returned a token whose expiresOnTimestamp is ${expiresOnTimestamp === undefined ? "missing" : "no number"}`
  if (expiresOnTimestamp < LEAST_MS) return "returned a token whose expiresOnTimestamp is in seconds, not milliseconds"
  return undefined
}
