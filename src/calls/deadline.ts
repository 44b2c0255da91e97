/** Within: a wait for something that goes on by itself, but no longer than its deadline and its caller's signal let it. */
import { onAbort } from "./aborts.js"
import type { Clock } from "./clock.js"

/**
 * @param ms how long to wait, in milliseconds. @param late makes the error of a wait that took longer.
 * @throws what `work` throws; the signal's reason when that comes first.
 */
export async function within<T>(
  clock: Clock,
  work: Promise<T>,
  ms: number,
  late: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  // Whoever leaves, or never came, does not hear what it comes to: nobody else may be there to hear that it failed.
  work.catch(() => {})
  signal?.throwIfAborted()
  let stopWaiting = () => {}
  const ended = new Promise<never>((_resolve, reject) => {
    const cancel = clock.timer(ms, () => reject(late()))
    const forget = onAbort(signal, () => reject(signal?.reason as Error))
    stopWaiting = () => {
      cancel()
      forget()
    }
  })
  try {
    return await Promise.race([work, ended])
  } finally {
    stopWaiting()
  }
}
