/** When to send a request again, and after how long. */
import type { Clock } from "./clock.js"

/** Full jitter: a random part of a span that doubles up to a cap (Exponential Backoff And Jitter, AWS Architecture Blog). */
const BASE_MS = 200
const CAP_MS = 20_000

/** Tries of one request whose outcome stays unknown; after that whoever asked decides. */
export const MAX_ATTEMPTS = 5

/** How often, and for how long, a request without a known outcome is tried. */
export interface Patience {
  readonly attempts: number
  /** No attempt begins later than this after the first, in milliseconds. */
  readonly mostMs?: number
  /** Attempts go on for so long, however many they are, in milliseconds. */
  readonly leastMs?: number
  /** So many answers in a row that it is too much, while the api does nothing for anybody else either, end it. Left out: none do. */
  readonly throttles?: number
  /** Whether the next try is worth it: false when somebody else finds out whether the cloud answers again. */
  readonly again?: () => boolean
}

/**
 * What must be known before anything else is begun: a cloud that is away for half a minute is no reason to give up. One that
 * cannot be reached at all is asked no more often than anything else.
 */
export const OPENING: Patience = { attempts: MAX_ATTEMPTS, leastMs: 60_000 }

const UNREACHABLE: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]

/** Whether there is no way there: nothing was sent, and a wrong name or address does not mend itself. */
export function isUnreachable({ code }: { readonly code: string }): boolean {
  return UNREACHABLE.includes(code)
}

/**
 * An account's retries draw on one budget, so that a cloud that is down is not hammered by every caller at once: 500
 * tokens, 10 a retry, given back by success (the AWS SDKs' retry quota works like this).
 */
const BUDGET_TOKENS = 500
const RETRY_TOKENS = 10

export function backoffMs(clock: Clock, failures: number): number {
  return clock.random() * Math.min(BASE_MS * 2 ** failures, CAP_MS)
}

export class RetryBudget {
  #left = BUDGET_TOKENS

  /** Takes a retry's tokens; false when there are not enough. */
  spend(): boolean {
    if (this.#left < RETRY_TOKENS) return false
    this.#left -= RETRY_TOKENS
    return true
  }

  /** A request has succeeded: what its retries took comes back, and one token for a success at the first try. */
  refund(retries: number): void {
    this.#left = Math.min(BUDGET_TOKENS, this.#left + Math.max(1, retries * RETRY_TOKENS))
  }
}
