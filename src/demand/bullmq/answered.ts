/**
 * Answered: a question that may never be answered, with a time for each who asks.
 *
 * A client of Redis keeps what it cannot send for as long as the server is away. So whoever asks again shares the question that is on its
 * way, and asks anew only when that is old: an answer may have been lost with its connection.
 */
import type { Clock } from "../../calls/clock.js"
import { withDeadline } from "../../calls/deadline.js"

/** After so long a question counts as lost. */
const LOST_MS = 60_000

export interface AnsweredOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** The error of who has waited for so long. */
  readonly late: () => Error
}

/** @returns a function that waits for the answer, `timeoutMs` at most, or until its signal aborts. */
export function answered<T>(
  ask: () => Promise<T>,
  { clock, timeoutMs, late }: AnsweredOptions,
): (signal?: AbortSignal) => Promise<T> {
  let open: { readonly answer: Promise<T>; readonly since: number } | undefined
  const current = () => {
    const now = clock.now()
    if (open !== undefined && now - open.since < LOST_MS) return open.answer
    const mine = { answer: ask(), since: now }
    const close = () => {
      if (open === mine) open = undefined
    }
    open = mine
    mine.answer.then(close, close)
    return mine.answer
  }
  return async (signal) => {
    signal?.throwIfAborted()
    return await withDeadline(clock, current(), timeoutMs, late, signal)
  }
}
