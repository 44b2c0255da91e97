/** Members: the workers of a group, or at a provider, by state, so that no pass iterates over all of them. */
import type { Weight, WorkerRecord } from "./worker-record.js"
import { counts, mayLive, type WorkerState } from "../lifecycle.js"
import { zoneKey } from "./keys.js"

/** Workers that count toward a target. */
export interface Counted extends Iterable<WorkerRecord> {
  readonly length: number
  /** How many of them are in each zone, by `zoneKey`, where that is known without looking at each. */
  readonly inZones?: ReadonlyMap<string, number>
}

const NO_WEIGHT: Weight = { zone: undefined, price: undefined }

export function weightOf({ provider, instance, state, pricePerHour }: WorkerRecord): Weight {
  if (!mayLive(state)) return NO_WEIGHT
  const { name, region } = provider
  const zone = counts(state) ? zoneKey({ provider: name, region, zone: instance.zone }) : undefined
  return { zone, price: pricePerHour ?? "unknown" }
}

export class Members {
  readonly #living = new Set<WorkerRecord>()
  readonly #byState = new Map<WorkerState, Set<WorkerRecord>>()
  readonly #zones = new Tally<string>()
  readonly #prices = new Tally<number | "unknown">()
  /** Those that count, as they are whenever it is read. */
  readonly counted: Counted

  constructor() {
    const [size, counting] = [() => this.size("pending", "running"), () => this.#counting()]
    this.counted = {
      get length() {
        return size()
      },
      inZones: this.#zones.counts,
      [Symbol.iterator]: counting,
    }
  }

  /** Notes that a worker has entered its state. @param from the one it was in; undefined: it is new. */
  note(worker: WorkerRecord, from?: WorkerState): void {
    const { state } = worker
    if (from !== undefined) this.#byState.get(from)?.delete(worker)
    const own = this.#byState.get(state)
    if (own === undefined) this.#byState.set(state, new Set([worker]))
    else own.add(worker)
    if (mayLive(state)) this.#living.add(worker)
    else this.#living.delete(worker)
  }

  /** Takes what a worker adds now in the place of what it added before. */
  weigh(before: Weight | undefined, now: Weight): void {
    this.#zones.move(before?.zone, now.zone)
    this.#prices.move(before?.price, now.price)
  }

  /** USD an hour of those that may cost money, and how many of them have no known price. */
  prices(): { readonly pricePerHour: number; readonly unpriced: number } {
    let [pricePerHour, unpriced] = [0, 0]
    for (const [usd, count] of this.#prices.counts) {
      if (usd === "unknown") unpriced = count
      else pricePerHour += usd * count
    }
    return { pricePerHour, unpriced }
  }

  *#counting(): IterableIterator<WorkerRecord> {
    for (const worker of this.#living) if (counts(worker.state)) yield worker
  }

  /** How many are in any of these states. */
  size(...states: readonly WorkerState[]): number {
    return states.reduce((sum, state) => sum + (this.#byState.get(state)?.size ?? 0), 0)
  }

  /** Those in any of these states. */
  in(...states: readonly WorkerState[]): WorkerRecord[] {
    return states.flatMap((state) => [...(this.#byState.get(state) ?? [])])
  }

  /** Those that may still run or cost money, in the order in which they were first seen. */
  get living(): ReadonlySet<WorkerRecord> {
    return this.#living
  }
}

/** How many workers have each value. */
class Tally<T> {
  readonly counts = new Map<T, number>()

  /** One worker less has the first value, and one more the second; undefined: none. */
  move(from: T | undefined, to: T | undefined): void {
    if (from === to) return
    if (from !== undefined) this.#add(from, -1)
    if (to !== undefined) this.#add(to, 1)
  }

  #add(value: T, change: 1 | -1): void {
    const count = (this.counts.get(value) ?? 0) + change
    if (count === 0) this.counts.delete(value)
    else this.counts.set(value, count)
  }
}
