/**
 * What the world has to do at a moment it knows already (an instance ends and its place is free again). It is caught up
 * with before the next operation reads the world: nothing here owns a timer, so 10,000 instances cost no timers.
 */
interface Entry {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** A binary heap, earliest first; entries of the same moment in the order they came. */
export class Agenda {
  readonly #heap: Entry[] = []
  #order = 0

  add(at: number, act: () => void): void {
    if (at === Number.POSITIVE_INFINITY) return
    const entry = { at, order: this.#order++, act }
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  /** Does all that is due by `now`, including what that adds. */
  catchUp(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst()
      first.act()
    }
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const child = earlierChild(heap, index)
      const below = child === undefined ? undefined : heap[child]
      if (child === undefined || below === undefined || !isBefore(below, last)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}

function earlierChild(heap: readonly Entry[], index: number): number | undefined {
  const left = heap[2 * index + 1]
  const right = heap[2 * index + 2]
  if (left === undefined) return undefined
  return right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1
}
