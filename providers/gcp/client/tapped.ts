/**
 * Tells a tap of each request and its answer, as they are sent and received. It stands where requests have no authorization yet, so that
 * no credential reaches the tap.
 */
import type { Tap } from "../../../src/provider.js"
import type { Exchange, HttpReply } from "./http.js"

/** Such as a user's own headers could have. */
const SECRET = /^(authorization|proxy-authorization|x-goog-api-key|cookie|set-cookie)$/

/** @param tap undefined: the exchange as it is. */
export function tapped(exchange: Exchange, tap: Tap | undefined): Exchange {
  if (tap === undefined) return exchange
  return async (request) => {
    const { api = "unnamed", url, method, headers, body = "" } = request
    const answered = tap(api, { method, url, headers: shownOf(headers), body })
    try {
      const reply = await exchange(request)
      answered({ status: reply.status, headers: shownOf(reply.headers), body: reply.body })
      return reply
    } catch (error) {
      answered()
      throw error
    }
  }
}

function shownOf(headers: HttpReply["headers"]): Readonly<Record<string, string>> {
  const shown = Object.entries(headers).flatMap(([name, value]) => {
    const key = name.toLowerCase()
    return value === undefined || SECRET.test(key) ? [] : [[key, String(value)] as const]
  })
  return Object.fromEntries(shown)
}
