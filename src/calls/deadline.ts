/** Deadline: a wait for work that goes on by itself. The wait ends at a deadline, or when the caller's signal is aborted. */
import { onAbort } from "./aborts.js"
import type { Clock } from "./clock.js"

/**
 * @param ms how long to wait, in milliseconds. @param late makes the error of a wait that took longer.
 * @throws what `work` throws; the signal's reason when that comes first.
 */
export async function withDeadline<T>(
  clock: Clock,
  work: Promise<T>,
  ms: number,
  late: () => Error,
  signal?: AbortSignal,
): Promise<T> {
  // A caller that has stopped waiting does not handle a later failure, and perhaps no other code does.
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
