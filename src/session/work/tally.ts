/** Tally: how far the work of a cluster has come, all that goes on at one time together, told as an event at most once a second. */
import type { Clock } from "../../calls/clock.js"
import type { ClusterEventBody } from "../../events.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { WorkState } from "../../work/types.js"

const EVERY_MS = 1000
/** The pace is that between the latest events: so many, however long apart they were. */
const MOST_SAMPLES = 64
/** Fewer tasks that ended tell nothing of the others. */
const LEAST_ENDED = 5

const NOTHING: WorkState = {
  ...{ read: 0, total: 0, running: 0, done: 0, failed: 0, resumed: 0, lost: 0, workers: 0, slots: 0, busy: 0 },
}

/** One call of `map`. */
export interface Counted {
  /** @param state tells how far it has come. */
  changed(state: () => WorkState): void
  end(): void
}

const tallies = new WeakMap<Fleet, Tally>()

export class Tally {
  readonly #clock: Clock
  readonly #emit: (event: ClusterEventBody) => void
  readonly #open = new Map<Counted, () => WorkState>()
  /** Of those that have ended since all had. */
  #ended = NOTHING
  #samples: { readonly at: number; readonly ended: number }[] = []
  #toldAt = Number.NEGATIVE_INFINITY
  #lastEndAt = Number.NEGATIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, emit: (event: ClusterEventBody) => void) {
    this.#clock = clock
    this.#emit = emit
  }

  static of(fleet: Fleet): Tally {
    const known = tallies.get(fleet) ?? new Tally(fleet.clock, (event) => fleet.emit(event))
    tallies.set(fleet, known)
    return known
  }

  begin(): Counted {
    if (this.#open.size === 0) {
      this.#ended = NOTHING
      this.#samples = []
    }
    const counted: Counted = {
      changed: (state) => {
        this.#open.set(counted, state)
        this.#changed()
      },
      end: () => this.#end(counted),
    }
    this.#open.set(counted, () => NOTHING)
    return counted
  }

  #end(counted: Counted): void {
    const state = this.#open.get(counted)
    if (state === undefined) return
    this.#ended = { ...sum(this.#ended, state()), running: 0, workers: 0, slots: 0, busy: 0 }
    this.#open.delete(counted)
    const now = this.#clock.now()
    // The last state is told at once: the cluster may be closed next. Of many short calls it is not that of each.
    const isAtOnce = this.#open.size === 0 && now - this.#lastEndAt >= EVERY_MS
    if (!isAtOnce) {
      this.#changed()
      return
    }
    this.#lastEndAt = now
    this.#tell()
  }

  #changed(): void {
    if (this.#cancel !== undefined) return
    const leftMs = this.#toldAt + EVERY_MS - this.#clock.now()
    if (leftMs <= 0) this.#tell()
    else this.#cancel = this.#clock.timer(leftMs, () => this.#tell())
  }

  #tell(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#toldAt = this.#clock.now()
    const state = [...this.#open.values()].reduce((all, one) => sum(all, one()), this.#ended)
    this.#emit({ type: "tasks", ...state, ...this.#pace(state) })
  }

  /** Tasks a second, and how long the others take at that; nothing before a few have ended. */
  #pace({ done, failed, resumed, total }: WorkState): { readonly perSecond?: number; readonly leftMs?: number } {
    const ended = done + failed - resumed
    this.#samples.push({ at: this.#toldAt, ended })
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift()
    const [first] = this.#samples
    if (first === undefined || ended < LEAST_ENDED || this.#toldAt === first.at || ended === first.ended) return {}
    const perSecond = ((ended - first.ended) * 1000) / (this.#toldAt - first.at)
    if (total === undefined) return { perSecond }
    return { perSecond, leftMs: Math.round((1000 * (total - done - failed)) / perSecond) }
  }
}

/** How many there are in all is known where it is of each. */
function sum(a: WorkState, b: WorkState): WorkState {
  const { total: aTotal, ...one } = a
  const { total: bTotal, ...other } = b
  const counts = Object.fromEntries(
    Object.entries(one).map(([name, count]) => [name, count + other[name as keyof typeof other]]),
  ) as Omit<WorkState, "total">
  return aTotal === undefined || bTotal === undefined ? counts : { ...counts, total: aTotal + bTotal }
}
