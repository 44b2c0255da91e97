/** Ending: how a command is given its input, and ended by a signal or when its time is over. */
import { finished, Readable, type Writable } from "node:stream"
import { onAbort } from "../calls/aborts.js"
import type { Clock } from "../calls/clock.js"
import { TimeoutError } from "../errors.js"
import type { Ended, Signal, SpawnOptions } from "./remote.js"

/** A command that ignores SIGTERM is killed after so long. */
const GRACE_MS = 5000

/** What a command reads, and what comes before what its caller gives. */
export interface Feeding {
  readonly stdin: Writable
  readonly before: string
}

/**
 * Writes what a command is to read. What it does not read is its own affair.
 *
 * @param broken hears why what is given broke off. The command is not told that its input has ended: it would take a part for the whole.
 */
function feed({ stdin, before }: Feeding, given: SpawnOptions["stdin"], broken: (error: Error) => void): void {
  stdin.on("error", () => {})
  if (before !== "") stdin.write(before)
  if (given === undefined) return
  if (typeof given === "string" || given instanceof Uint8Array) {
    stdin.end(given)
    return
  }
  // A stream is read as it is: an iterator of one that waits for more could not be ended.
  const source = given instanceof Readable ? given : Readable.from(given)
  let isLeft = false
  finished(source, { writable: false }, (error) => {
    if (!isLeft && error !== undefined && error !== null) broken(error)
  })
  // What nobody reads on is let go of: it may be an open file.
  stdin.once("close", () => {
    isLeft = true
    source.destroy()
  })
  source.pipe(stdin)
}

export interface Ending {
  readonly kill: (signal: Signal) => void
  readonly options: SpawnOptions
  readonly clock: Clock
  /** Left out: what the command reads is nobody's affair here. */
  readonly feeding?: Feeding
}

/**
 * The end of a command, which is ended before when its signal is aborted, its time is over, or its input breaks off. Where nobody waits
 * for it, an error of it is nobody's.
 *
 * @throws the signal's reason, a TimeoutError, or the error of what it was to read, once it has ended for it.
 */
export function endAfter(closed: Promise<Ended>, ending: Ending): Promise<Ended> {
  const ended = untilEnded(closed, ending)
  // Whoever has started it may read its output first.
  ended.catch(() => {})
  return ended
}

async function untilEnded(closed: Promise<Ended>, { kill, options, clock, feeding }: Ending): Promise<Ended> {
  const { signal, timeoutMs } = options
  let reason: unknown
  let isOver = false
  const cancels: (() => void)[] = []
  const end = (why: unknown) => {
    if (isOver || reason !== undefined) return
    reason = why
    kill("SIGTERM")
    cancels.push(clock.timer(GRACE_MS, () => kill("SIGKILL")))
  }
  const abort = () => end(signal?.reason)
  cancels.push(onAbort(signal, abort))
  if (signal?.aborted === true) abort()
  if (feeding !== undefined) feed(feeding, options.stdin, end)
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
    isOver = true
    for (const cancel of cancels) cancel()
  }
}
