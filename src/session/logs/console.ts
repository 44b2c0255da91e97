/** Console: what a worker has written, by what its console keeps, and what comes to that. */
import type { Clock } from "../../calls/clock.js"
import type { LogPlace } from "../../remote/logs/read.js"

export interface LogOptions {
  /** How many lines of the end; all that is kept by default. */
  readonly tail?: number
}

export interface FollowOptions extends LogOptions {
  readonly follow: true
  /** Ends the following. */
  readonly signal?: AbortSignal
}

export interface Console {
  /** What it keeps now; less than before, or nothing, once the worker is going. */
  readonly read: () => Promise<string>
  readonly isLiving: () => boolean
  readonly clock: Clock
  /** From one look to the next, in milliseconds. */
  readonly everyMs: number
}

/** A worker's console, and beside it, where it can be reached, the log that it keeps itself. */
export interface LogSource extends Console {
  readonly own: LogPlace | undefined
  /** Hears, once, that its own log could not be read. */
  readonly note: (message: string) => void
}

/** As much of the end of a text as is looked for in a later one, whose beginning may be gone. */
const ANCHOR = 1024
/** The last words of a worker are some lines. */
const LONGEST_OVERLAP = 16 * 1024

/** What is there, and what comes, until the worker has ended or the signal is aborted. */
export async function* followConsole(
  { read, isLiving, clock, everyMs }: Console,
  { tail, signal }: Omit<FollowOptions, "follow">,
): AsyncGenerator<string, void, undefined> {
  let before = await read()
  if (before !== "") yield lastLines(before, tail)
  while (signal?.aborted !== true && isLiving()) {
    const isEnded = await clock.sleep(everyMs, signal).then(
      () => false,
      () => true,
    )
    if (isEnded) return
    // One that cannot be read now is read again.
    const now = await read().catch(() => "")
    if (now === "" || now === before) continue
    const fresh = added(before, now)
    before = now
    if (fresh !== "") yield fresh
  }
}

/** Without the lines that a guest writes for us and not for people. */
export function withoutMarks(text: string, prefix: string): string {
  return text.includes(prefix)
    ? text
        .split("\n")
        .filter((line) => !line.startsWith(prefix))
        .join("\n")
    : text
}

export function lastLines(text: string, tail: number | undefined): string {
  if (tail === undefined) return text
  const lines = text.trimEnd().split("\n")
  const last = lines.slice(Math.max(0, lines.length - tail)).join("\n")
  return last === "" ? "" : `${last}\n`
}

/**
 * What came to a text that only grows, of which the beginning is dropped at times, and of which a part may be written before a
 * part that stays. Pure.
 */
export function added(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length)
  const anchor = before.slice(-ANCHOR)
  const at = now.lastIndexOf(anchor)
  if (at !== -1 && at + anchor.length < now.length) return now.slice(at + anchor.length)
  const same = commonStart(before, now)
  const isInserted = before.length > same && now.endsWith(before.slice(same))
  if (isInserted) return now.slice(same, now.length - (before.length - same))
  return now.slice(at === -1 ? overlap(before, now) : now.length)
}

/** How many of the first characters of a text are the last of the one before. */
function overlap(before: string, now: string): number {
  for (let length = Math.min(before.length, now.length, LONGEST_OVERLAP); length > 0; length -= 1) {
    if (before.endsWith(now.slice(0, length))) return length
  }
  return 0
}

function commonStart(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return at
}
