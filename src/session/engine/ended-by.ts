/** Ended by: what an engine does, until a signal ends it. */
import { onAbort } from "../../calls/aborts.js"

/** An engine that does not heed its signal is not waited for. */
export function endedBy<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {})
  return new Promise((resolve, reject) => {
    const end = () => reject(signal.reason as Error)
    if (signal.aborted) end()
    work.then(resolve, reject).finally(onAbort(signal, end))
  })
}
