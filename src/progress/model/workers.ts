/** How many workers are in which state, and for how long they boot. Pure, and each change costs the same however many there are. */
import type { WorkerState } from "../../fleet/lifecycle.js"

/** So many boots tell what a boot takes. */
const BOOTS_KEPT = 128

export interface Seen {
  readonly id: string
  readonly name: string
  readonly group: string
}

interface Living {
  readonly group: string
  readonly state: WorkerState
}

interface Booting {
  readonly name: string
  readonly since: number
}

/** What boots took, in milliseconds. */
export interface Boots {
  readonly seen: number
  readonly fastestMs: number
  /** Half of the latest took no longer. */
  readonly typicalMs: number
  /** Nine in ten of them took no longer. */
  readonly slowMs: number
}

export class WorkerCounts {
  readonly #living = new Map<string, Living>()
  /** In the order in which they began. */
  readonly #booting = new Map<string, Booting>()
  readonly #counts = new Map<WorkerState, number>()
  readonly #byGroup = new Map<string, Map<WorkerState, number>>()
  /** The group of an engine's head, which is shown apart. */
  #headGroup: string | undefined
  readonly #boots: number[] = []
  #gone = 0
  #booted = 0
  #latest = 0

  /** Gone since the first change. */
  get gone(): number {
    return this.#gone
  }

  get living(): number {
    return this.#living.size
  }

  /** Without an engine's head. */
  count(state: WorkerState): number {
    return (this.#counts.get(state) ?? 0) - (this.#headGroup === undefined ? 0 : this.#countIn(this.#headGroup, state))
  }

  runningIn(group: string): number {
    return this.#countIn(group, "running")
  }

  /** That group is the one of an engine's head. */
  setApart(group: string): void {
    this.#headGroup = group
  }

  isApart(group: string): boolean {
    return group === this.#headGroup
  }

  /** @returns whether it was not known before. */
  move({ id, name, group }: Seen, to: WorkerState, now: number): boolean {
    const before = this.#living.get(id)
    if (before !== undefined) this.#tally(before, -1)
    this.#timeBoot(id, name, to, now)
    if (to === "terminated" || to === "lost") {
      this.#living.delete(id)
      if (before !== undefined) this.#gone += 1
      return false
    }
    const living = { group, state: to }
    this.#living.set(id, living)
    this.#tally(living, 1)
    return before === undefined
  }

  /** The one that boots for longest. */
  oldest(now: number): { readonly name: string; readonly ms: number } | undefined {
    for (const { name, since } of this.#booting.values()) return { name, ms: Math.max(0, now - since) }
    return undefined
  }

  /** For how long the one boots that began last. */
  youngestMs(now: number): number {
    return Math.max(0, now - this.#latest)
  }

  /** What the latest boots took; undefined before the first. */
  get boots(): Boots | undefined {
    if (this.#boots.length === 0) return undefined
    const sorted = [...this.#boots].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
    return { seen: this.#booted, fastestMs: at(0), typicalMs: at(0.5), slowMs: at(0.9) }
  }

  #timeBoot(id: string, name: string, to: WorkerState, now: number): void {
    const booting = this.#booting.get(id)
    if (to === "pending") {
      if (booting === undefined) this.#booting.set(id, { name, since: now })
      this.#latest = Math.max(this.#latest, now)
      return
    }
    this.#booting.delete(id)
    if (to !== "running" || booting === undefined) return
    this.#booted += 1
    this.#boots.push(now - booting.since)
    if (this.#boots.length > BOOTS_KEPT) this.#boots.shift()
  }

  #countIn(group: string, state: WorkerState): number {
    return this.#byGroup.get(group)?.get(state) ?? 0
  }

  #tally({ group, state }: Living, by: 1 | -1): void {
    this.#counts.set(state, (this.#counts.get(state) ?? 0) + by)
    const own = this.#byGroup.get(group) ?? new Map<WorkerState, number>()
    this.#byGroup.set(group, own.set(state, this.#countIn(group, state) + by))
  }
}
