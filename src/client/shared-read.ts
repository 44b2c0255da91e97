/** Shared read: one request serves several groups of a cluster that read the same at once, or soon after each other. */
import { onAbort } from "../calls/aborts.js"
import type { Calls } from "../provider.js"

/** Long enough for the groups of a new cluster, and too short for what was read to become another. */
const FRESH_MS = 10_000

interface Shared<T> {
  readonly at: number
  /** The signal of the caller whose request it is. */
  readonly signal: AbortSignal
  readonly value: Promise<T>
}

type Ask<O extends object, Q, T> = (owner: O, query: Q, calls: Calls) => Promise<T>

/**
 * @param ask reads something of one provider (`owner`: an object that only this provider has); `query` is plain JSON. It is called
 *   with the calls of the first caller; callers with the same query within `freshMs` get that answer.
 * @param freshMs in milliseconds, ten seconds by default; 0: only while it is being asked.
 * @param isFailureShared waiting callers get a failure too, by default; false: each of them then sends its own request.
 *
 * A failure is never kept for later callers. Where the first caller was aborted, the waiting callers send their own requests.
 */
export function sharedRead<O extends object, Q, T>(
  ask: Ask<O, Q, T>,
  freshMs = FRESH_MS,
  isFailureShared = true,
): Ask<O, Q, T> {
  const known = new WeakMap<O, Map<string, Shared<T>>>()
  // A clock that was set back does not keep an answer.
  const isFresh = (at: number, now: number) => now >= at && now - at < freshMs
  const begin = (owner: O, key: string, query: Q, calls: Calls): Promise<T> => {
    const ofOwner = known.get(owner) ?? new Map<string, Shared<T>>()
    const shared = { at: calls.now(), signal: calls.signal, value: ask(owner, query, calls) }
    if (freshMs > 0) for (const [other, { at }] of ofOwner) if (!isFresh(at, shared.at)) ofOwner.delete(other)
    known.set(owner, ofOwner.set(key, shared))
    const forget = () => {
      if (ofOwner.get(key) === shared) ofOwner.delete(key)
    }
    shared.value.then(freshMs === 0 ? forget : undefined, forget)
    return shared.value
  }
  return async (owner, query, calls) => {
    calls.signal.throwIfAborted()
    const key = JSON.stringify([calls.readOnly, query])
    const shared = known.get(owner)?.get(key)
    if (shared === undefined || (freshMs > 0 && !isFresh(shared.at, calls.now())))
      return begin(owner, key, query, calls)
    try {
      return await unlessAborted(shared.value, calls.signal)
    } catch (error) {
      calls.signal.throwIfAborted()
      if (isFailureShared && !shared.signal.aborted) throw error
      return begin(owner, key, query, calls)
    }
  }
}

/** Waits for a shared answer until the caller's own signal is aborted. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error))
    answer.then(resolve, reject).finally(forget)
  })
}
