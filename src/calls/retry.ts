/** When to send a request again, and after how long. */
import type { Clock } from "./clock.js"

/** Full jitter: a random part of a span that doubles up to a cap (Exponential Backoff And Jitter, AWS Architecture Blog). */
const BASE_MS = 200
const CAP_MS = 20_000

/** Attempts of one request whose outcome stays unknown; after that the caller decides. */
export const MAX_ATTEMPTS = 5

/** How often, and for how long, a request without a known outcome is tried. */
export interface Patience {
  readonly attempts: number
  /** No attempt begins later than this after the first, in milliseconds. */
  readonly mostMs?: number
  /** Attempts go on for so long, however many they are, in milliseconds. */
  readonly leastMs?: number
  /** How many throttles in a row end the request, while the API serves no other caller either. Left out: no number does. */
  readonly throttles?: number
  /** Whether another attempt is worthwhile: false when another request probes whether the cloud answers again. */
  readonly again?: () => boolean
}

/**
 * The patience of requests that must succeed before a cluster opens: an outage of half a minute must not end them. A cloud that
 * is unreachable gets no more attempts than usual.
 */
export const OPENING: Patience = { attempts: MAX_ATTEMPTS, leastMs: 60_000 }

const UNREACHABLE: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

/** Whether the address is unreachable: nothing was sent, and a wrong name or address does not correct itself. */
export function isUnreachable({ code }: { readonly code: string }): boolean {
  return UNREACHABLE.includes(code)
}

/**
 * All retries of an account consume one budget, so that a cloud that is down is not hammered by every caller at once: 500
 * tokens, 10 a retry, given back by success (the AWS SDKs' retry quota works like this).
 */
const BUDGET_TOKENS = 500
const RETRY_TOKENS = 10

export function backoffMs(clock: Clock, failures: number): number {
  return clock.random() * Math.min(BASE_MS * 2 ** failures, CAP_MS)
}

export class RetryBudget {
  #left = BUDGET_TOKENS

  /** Consumes a retry's tokens; false when there are not enough. */
  spend(): boolean {
    if (this.#left < RETRY_TOKENS) return false
    this.#left -= RETRY_TOKENS
    return true
  }

  /** A request has succeeded: refunds the tokens of its retries, or one token for a success at the first attempt. */
  refund(retries: number): void {
    this.#left = Math.min(BUDGET_TOKENS, this.#left + Math.max(1, retries * RETRY_TOKENS))
  }
}
