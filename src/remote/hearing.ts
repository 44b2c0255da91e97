/** Hearing: who hears of a command's output as it comes, and may throw. */
import { firstOf } from "../calls/aborts.js"

interface Hearing {
  readonly onOutput?: (stream: "stdout" | "stderr", text: string) => void
  readonly signal?: AbortSignal
}

/**
 * Runs a command whose hearer may throw: that ends the command, as its signal does, and is the error of the call. In the event of a stream
 * it would be an uncaught exception.
 */
export async function hearing<O extends Hearing, T>(options: O, run: (options: O) => Promise<T>): Promise<T> {
  const { onOutput, signal: given } = options
  if (onOutput === undefined) return run(options)
  const broken = new AbortController()
  const { signal, letGo } = firstOf(broken.signal, given)
  const hear: typeof onOutput = (stream, text) => {
    if (broken.signal.aborted) return
    try {
      onOutput(stream, text)
    } catch (error) {
      broken.abort(error)
    }
  }
  try {
    const result = await run({ ...options, onOutput: hear, signal })
    broken.signal.throwIfAborted()
    return result
  } finally {
    letGo()
  }
}
