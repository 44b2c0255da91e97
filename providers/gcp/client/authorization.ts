/** The authorization of each request. One that Google refuses is renewed once, and the request is sent once more. */
import type { Exchange, HttpRequest } from "./http.js"

type Headers = Readonly<Record<string, string>>

export interface Authorization {
  readonly headers: Headers
  /** How many had been refused before it. */
  readonly nth: number
}

export interface Authorizer {
  authorize(url: string): Promise<Authorization>
  /** Another one in place of one that was refused; undefined where none is asked for. */
  renew(url: string, refused: Authorization): Promise<Authorization> | undefined
}

/** What makes headers, and forgets those that it keeps. */
export interface AuthorizationSource {
  readonly ask: (url: string) => Promise<Headers>
  /** Asks for others than it has given so far. */
  readonly askAnew: (url: string) => Promise<Headers>
}

/** @param source undefined: requests carry no authorization. */
export function authorizerOf(source: AuthorizationSource | undefined): Authorizer {
  let nth = 0
  // By the server that is asked. A hundred requests that are refused at once share one renewal.
  const renewals = new Map<string, Promise<Authorization>>()
  const authorize = async (url: string): Promise<Authorization> => {
    const at = nth
    return renewals.get(originOf(url)) ?? { nth: at, headers: (await source?.ask(url)) ?? {} }
  }
  const askAnew = async (of: AuthorizationSource, url: string): Promise<Authorization> => {
    const headers = await of.askAnew(url)
    nth += 1
    return { headers, nth }
  }
  const renew = (url: string, refused: Authorization) => {
    if (source === undefined) return undefined
    // Another request has renewed it since.
    if (refused.nth < nth) return authorize(url)
    const origin = originOf(url)
    const renewal = renewals.get(origin) ?? askAnew(source, url).finally(() => renewals.delete(origin))
    renewals.set(origin, renewal)
    return renewal
  }
  return { authorize, renew }
}

function originOf(url: string): string {
  return new URL(url).origin
}

/**
 * HTTP 401 says that nothing was done, so that what makes instances is sent again as well. It is the same attempt: an
 * expired token is no matter of pacing, and does not count as another request.
 */
export function authorized(authorizer: Authorizer, exchange: Exchange): Exchange {
  return async (request) => {
    const authorization = await authorizer.authorize(request.url)
    const reply = await exchange(withAuthorization(request, authorization))
    if (reply.status !== 401) return reply
    const renewed = await authorizer.renew(request.url, authorization)
    return renewed === undefined ? reply : exchange(withAuthorization(request, renewed))
  }
}

function withAuthorization(request: HttpRequest, { headers }: Authorization): HttpRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}
