/** Ending: how a command is given its input, and ended by a signal or when its time is over. */
import { Readable, type Writable } from "node:stream"
import { onAbort } from "../calls/aborts.js"
import type { Clock } from "../calls/clock.js"
import { TimeoutError } from "../errors.js"
import type { Ended, Signal, SpawnOptions } from "./remote.js"

/** A command that ignores SIGTERM is killed after so long. */
const GRACE_MS = 5000

/** Writes what a command is to read. What it does not read is its own affair. */
export function feed(stdin: Writable, given: SpawnOptions["stdin"], before = ""): void {
  stdin.on("error", () => {})
  if (before !== "") stdin.write(before)
  if (given === undefined) return
  if (typeof given === "string" || given instanceof Uint8Array) {
    stdin.end(given)
    return
  }
  const source = Readable.from(given).on("error", () => stdin.end())
  // What nobody reads on is let go of: it may be an open file.
  stdin.once("close", () => source.destroy())
  source.pipe(stdin)
}

export interface Ending {
  readonly kill: (signal: Signal) => void
  readonly options: SpawnOptions
  readonly clock: Clock
}

/**
 * The end of a command, which is ended before when its signal is aborted or its time is over.
 *
 * @throws the signal's reason, or a TimeoutError, once it has ended for it.
 */
export async function endAfter(closed: Promise<Ended>, { kill, options, clock }: Ending): Promise<Ended> {
  const { signal, timeoutMs } = options
  let reason: unknown
  const cancels: (() => void)[] = []
  const end = (why: unknown) => {
    if (reason !== undefined) return
    reason = why
    kill("SIGTERM")
    cancels.push(clock.timer(GRACE_MS, () => kill("SIGKILL")))
  }
  const abort = () => end(signal?.reason)
  cancels.push(onAbort(signal, abort))
  if (signal?.aborted === true) abort()
  if (timeoutMs !== undefined) {
    const what = `the command did not end within ${timeoutMs / 1000} s and was ended`
    cancels.push(clock.timer(timeoutMs, () => end(new TimeoutError(what, { code: "CommandTimeout" }))))
  }
  try {
    const ended = await closed
    if (reason !== undefined) throw reason as Error
    return ended
  } catch (error) {
    // One that is ended this way may be cut off before it has told its exit code.
    throw reason ?? error
  } finally {
    for (const cancel of cancels) cancel()
  }
}
