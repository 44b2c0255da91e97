/**
 * What the world has to do at a moment it knows already (an instance ends and its place is free again). It is caught up
 * with before the next operation reads the world: nothing here owns a timer, so 10,000 instances cost no timers.
 */
import { Sleepers } from "../../calls/sleepers.js"

/** Earliest first; entries of the same moment in the order they came. */
export class Agenda {
  readonly #entries = new Sleepers()
  #order = 0

  add(at: number, act: () => void): void {
    if (at === Number.POSITIVE_INFINITY) return
    this.#entries.push({ at, order: this.#order++, fn: act })
  }

  /** Does all that is due by `now`, including what that adds. */
  catchUp(now: number): void {
    for (let first = this.#entries.first; first !== undefined && first.at <= now; first = this.#entries.first) {
      this.#entries.pop()
      first.fn()
    }
  }
}
