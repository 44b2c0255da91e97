/**
 * Written time: what a journal says of when something happened, in the true time of the process that wrote it; and how another
 * process, with a true time of its own, reads it.
 */
import { type Boot, type Clock, wallAheadMs } from "../../calls/clock.js"

/** One moment by all clocks that the writer had. In milliseconds; `now` and `wall` since 1970. */
export interface WrittenTime {
  /** By its true time, as all moments in the file are. */
  readonly now: number
  /** By its machine's clock of day. */
  readonly wall: number
  readonly boot?: Boot
}

export function timeOf(clock: Clock): WrittenTime {
  const [now, boot] = [clock.now(), clock.boot?.()]
  return { now, wall: now + wallAheadMs(clock), ...(boot === undefined ? {} : { boot }) }
}

/**
 * What to add to a moment in the file to have it by the reader's true time, in milliseconds. Since the machine was started its time
 * since then tells it, however the clock of day was set meanwhile; else that clock has to. In a file without a time moments are of
 * the clock of day.
 */
export function shiftOf(written: WrittenTime | undefined, clock: Clock): number {
  const ms = exactShiftOf(written, clock)
  return Math.abs(ms) < COARSE_MS ? 0 : ms
}

/** The time since boot has hundredths of a second, in some systems whole ones. */
const COARSE_MS = 2_000

function exactShiftOf(written: WrittenTime | undefined, clock: Clock): number {
  if (written === undefined) return -wallAheadMs(clock)
  const boot = clock.boot?.()
  if (boot === undefined || written.boot?.id !== boot.id) return written.wall - written.now - wallAheadMs(clock)
  return clock.now() - boot.ms - (written.now - written.boot.ms)
}

/** The moments of each kind of record. */
const MOMENTS: Readonly<Record<string, readonly string[]>> = { intent: ["at"], sent: ["at"], bill: ["from", "to"] }

/** The same record with its moments by the reader's true time. */
export function shifted(record: JournalRecord, shiftMs: number): JournalRecord {
  const moments = (MOMENTS[record.kind] ?? []).flatMap((name) => {
    const value = record[name]
    return typeof value === "number" ? [[name, value + shiftMs] as const] : []
  })
  return moments.length === 0 ? record : { ...record, ...Object.fromEntries(moments) }
}

export interface JournalRecord {
  readonly kind: string
  readonly [key: string]: unknown
}
