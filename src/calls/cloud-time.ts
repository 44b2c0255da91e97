/**
 * Cloud time: how far a cloud's clock is ahead of ours, as its answers say when they were given ("Date", RFC 9110, 6.6.1). What is
 * written for the cloud's instances, and what their tags say, is of that clock; this machine's may have been set to anything.
 */

import { momentOf } from "./clock.js"

/** So many answers are remembered: one that was kept on its way, or came from somebody between, decides nothing. */
const REMEMBERED = 9

/** The header has whole seconds: on the average half of one has passed since. */
const HALF_SECOND_MS = 500

/** Whole seconds, and an answer that was long on its way. */
const AGREEING_MS = 5_000

export class CloudTime {
  readonly #heard: number[] = []
  #aheadMs: number | undefined

  /** @param date what an answer says, as in the header or in milliseconds; and @param now the clock's true time when it came; in milliseconds since 1970. */
  hear(date: string | number | undefined, now: number): void {
    const at = typeof date === "number" ? date : httpMoment(date ?? "")
    if (at === undefined || !Number.isFinite(at)) return
    this.#heard.push(at + HALF_SECOND_MS - now)
    if (this.#heard.length > REMEMBERED) this.#heard.shift()
    const sorted = [...this.#heard].sort((a, b) => a - b)
    this.#aheadMs = sorted[Math.floor(sorted.length / 2)]
  }

  /**
   * By how much this cloud's clock is ahead of our true time, in milliseconds.
   *
   * @param wallAheadMs by how much this machine's is: where the two agree it is the finer one, and before the first answer there
   * is no other.
   */
  aheadMs(wallAheadMs: number): number {
    const heard = this.#aheadMs
    return heard === undefined || Math.abs(heard - wallAheadMs) < AGREEING_MS ? wallAheadMs : heard
  }

  get isHeard(): boolean {
    return this.#aheadMs !== undefined
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
