/**
 * Aborts: one listener for all waits on the same signal. A signal scans its listeners whenever one is added: a burst of a thousand
 * requests would scan half a million, and Node warns from the eleventh listener on.
 */

interface Waiting {
  readonly fns: Set<() => void>
  readonly abort: () => void
}

const waitings = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `fn` once when the signal is aborted, in the order of registration. Nothing is called for a signal that is aborted
 * already, or for an undefined one.
 *
 * @returns a function that removes `fn`; calling it twice does nothing.
 */
export function onAbort(signal: AbortSignal | undefined, fn: () => void): () => void {
  if (signal === undefined) return () => {}
  const waiting = waitings.get(signal) ?? listen(signal)
  const own = () => fn()
  waiting.fns.add(own)
  return () => {
    if (waiting.fns.delete(own) && waiting.fns.size === 0) stopListening(signal, waiting)
  }
}

/**
 * A signal that aborts with the first of several, and what lets go of these, once nobody needs it any more. Undefined ones are left out.
 * On Node 20 `AbortSignal.any` leaves something in each of them for as long as that lives: what is asked again and again for months must not.
 */
export function firstOf(...signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal
  readonly letGo: () => void
} {
  const own = new AbortController()
  const aborted = signals.find((one) => one?.aborted)
  if (aborted !== undefined) own.abort(aborted.reason)
  const forgets = own.signal.aborted ? [] : signals.map((one) => onAbort(one, () => own.abort(one?.reason)))
  const letGo = () => {
    for (const forget of forgets) forget()
  }
  return { signal: own.signal, letGo }
}

function listen(signal: AbortSignal): Waiting {
  const fns = new Set<() => void>()
  const waiting = {
    fns,
    abort: () => {
      stopListening(signal, waiting)
      for (const fn of fns) fn()
    },
  }
  waitings.set(signal, waiting)
  signal.addEventListener("abort", waiting.abort)
  return waiting
}

function stopListening(signal: AbortSignal, waiting: Waiting): void {
  if (waitings.get(signal) === waiting) waitings.delete(signal)
  signal.removeEventListener("abort", waiting.abort)
}
