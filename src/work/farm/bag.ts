/**
 * Bag: what comes and goes with each task. A Map or Set does the same, and costs memory here: each table that it outgrows points to the
 * next one. One that has grown old is looked at only when all memory is, and keeps alive until then what went through those after it.
 * An array has no such chain. Pure.
 */

/** What may be in a bag, one at a time. */
export interface Bagged {
  /** Its place there; -1 while it is in none. For the bag alone. */
  place: number
}

export class Bag<T extends Bagged> {
  readonly #all: T[] = []

  get size(): number {
    return this.#all.length
  }

  /** @param one that is in no bag. */
  add(one: T): void {
    one.place = this.#all.push(one) - 1
  }

  /** The last one takes its place. @returns whether it was there. */
  delete(one: T): boolean {
    if (this.#all[one.place] !== one) return false
    const last = this.#all.pop()
    if (last !== undefined && last !== one) {
      this.#all[one.place] = last
      last.place = one.place
    }
    one.place = -1
    return true
  }

  find(isIt: (one: T) => boolean): T | undefined {
    return this.#all.find(isIt)
  }

  /** All that are there now, in no order. */
  all(): T[] {
    return [...this.#all]
  }
}
