/**
 * Cloud time: how far a cloud's clock is ahead of ours, as its answers say when they were given ("Date", RFC 9110, 6.6.1). What is
 * written for the cloud's instances, and what their tags say, is of that clock; this machine's may have been set to anything.
 */

/** So many answers are remembered: one that was kept on its way, or came from somebody between, decides nothing. */
const REMEMBERED = 9

/** The header has whole seconds: on the average half of one has passed since. */
const HALF_SECOND_MS = 500

/** Whole seconds, and an answer that was long on its way. */
const AGREEING_MS = 5_000

export class CloudTime {
  readonly #heard: number[] = []
  #aheadMs: number | undefined

  /** @param date what an answer says, and @param now the clock's true time when it came; in milliseconds since 1970. */
  hear(date: number, now: number): void {
    if (!Number.isFinite(date)) return
    this.#heard.push(date + HALF_SECOND_MS - now)
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
