/** Proof of who asks, with each request. One that Google refuses is asked for anew, once, and the request is sent once more. */
import type { Exchange, HttpRequest } from "./http.js"

type Headers = Readonly<Record<string, string>>

export interface Proof {
  readonly headers: Headers
  /** How many had been refused before it. */
  readonly nth: number
}

export interface Prover {
  prove(url: string): Promise<Proof>
  /** Another one in place of one that was refused; undefined where none is asked for. */
  renew(url: string, refused: Proof): Promise<Proof> | undefined
}

/** What makes headers, and forgets those that it keeps. */
export interface ProofSource {
  readonly ask: (url: string) => Promise<Headers>
  /** Asks for others than it has given so far. */
  readonly askAnew: (url: string) => Promise<Headers>
}

/** @param source undefined: nobody is asked who he is. */
export function proverOf(source: ProofSource | undefined): Prover {
  let nth = 0
  // By the server that is asked. A hundred requests that are refused at once ask for one new proof, and share it.
  const renewals = new Map<string, Promise<Proof>>()
  const prove = async (url: string): Promise<Proof> => {
    const at = nth
    return renewals.get(originOf(url)) ?? { nth: at, headers: (await source?.ask(url)) ?? {} }
  }
  const askAnew = async (of: ProofSource, url: string): Promise<Proof> => {
    const headers = await of.askAnew(url)
    nth += 1
    return { headers, nth }
  }
  const renew = (url: string, refused: Proof) => {
    if (source === undefined) return undefined
    // Somebody else has renewed it since.
    if (refused.nth < nth) return prove(url)
    const origin = originOf(url)
    const renewal = renewals.get(origin) ?? askAnew(source, url).finally(() => renewals.delete(origin))
    renewals.set(origin, renewal)
    return renewal
  }
  return { prove, renew }
}

function originOf(url: string): string {
  return new URL(url).origin
}

/**
 * HTTP 401 says that nothing was done, so that what makes instances is sent again as well. It is the same attempt: that a token
 * has run out is nothing that whoever paces and counts requests could do something about.
 */
export function proven(prover: Prover, exchange: Exchange): Exchange {
  return async (request) => {
    const proof = await prover.prove(request.url)
    const reply = await exchange(withProof(request, proof))
    if (reply.status !== 401) return reply
    const renewed = await prover.renew(request.url, proof)
    return renewed === undefined ? reply : exchange(withProof(request, renewed))
  }
}

function withProof(request: HttpRequest, { headers }: Proof): HttpRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}
