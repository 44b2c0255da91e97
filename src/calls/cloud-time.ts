/**
 * Cloud time: the skew between a cloud's clock and this process's true time, from the dates of answers ("Date", RFC 9110, 6.6.1).
 * The tags of instances are written and read by the cloud's clock, because this machine's clock may be set to anything.
 */

import { momentOf } from "./clock.js"

/** How many answers are remembered: a delayed answer, or one from a proxy, must not decide alone. */
const REMEMBERED = 9

/** The header has whole seconds: on the average half of one has passed since. */
const HALF_SECOND_MS = 500

/** A smaller difference may come from the header's whole seconds and a slow answer. */
const AGREEING_MS = 5_000

export class CloudTime {
  readonly #offsets: number[] = []
  #medianMs: number | undefined

  /** @param date what an answer says, as in the header or in milliseconds; and @param now the clock's true time when it came; in milliseconds since 1970. */
  record(date: string | number | undefined, now: number): void {
    const at = typeof date === "number" ? date : httpMoment(date ?? "")
    if (at === undefined || !Number.isFinite(at)) return
    this.#offsets.push(at + HALF_SECOND_MS - now)
    if (this.#offsets.length > REMEMBERED) this.#offsets.shift()
    const sorted = [...this.#offsets].sort((a, b) => a - b)
    this.#medianMs = sorted[Math.floor(sorted.length / 2)]
  }

  /**
   * By how much this cloud's clock is ahead of the true time, in milliseconds.
   *
   * @param wallAheadMs by how much this machine's clock is ahead. It is used before the first answer, and where the two agree,
   * because it is more precise.
   */
  skewMs(wallAheadMs: number): number {
    const skewMs = this.#medianMs
    return skewMs === undefined || Math.abs(skewMs - wallAheadMs) < AGREEING_MS ? wallAheadMs : skewMs
  }

  get isKnown(): boolean {
    return this.#medianMs !== undefined
  }
}

/** "IMF-fixdate" of RFC 9110, 5.6.7; the two older forms are of servers that no cloud has. */
const HTTP_DATE = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** "Thu, 01 Jan 2026 00:00:00 GMT" in milliseconds since 1970; undefined for anything else. */
export function httpMoment(text: string): number | undefined {
  const [, day, month = "", year, time] = HTTP_DATE.exec(text.trim()) ?? []
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0")
  return momentOf(`${year}-${number}-${day}T${time}Z`)
}
