/** Sleepers: callbacks ordered by their moment; those of the same moment in the order in which they were added. */

export interface Sleeper {
  readonly at: number
  readonly order: number
  readonly fn: () => void
}

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A binary heap. Cancelled sleepers stay in it: the clock skips them. */
export class Sleepers {
  readonly #heap: Sleeper[] = []

  get size(): number {
    return this.#heap.length
  }

  get first(): Sleeper | undefined {
    return this.#heap[0]
  }

  push(sleeper: Sleeper): void {
    const heap = this.#heap
    let index = heap.push(sleeper) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(sleeper, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = sleeper
  }

  pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      let below = heap[child]
      if (below === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (!isBefore(below, last)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}
