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
