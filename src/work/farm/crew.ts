/** Crew: the runners of those workers that take part. It starts them, gives the freest, and lets go of workers that are to end. */
import pLimit from "p-limit"
import { AuthError, CommandError, HostKeyError, isFinal, MusterError } from "../../errors.js"
import type { Place, Places } from "./places.js"
import type { Runner } from "./runner.js"

/** A worker at work. */
export interface Hand {
  readonly id: string
  readonly worker: string
  readonly runner: Runner
  /** Tasks that it has now. */
  busy: number
  /** It gets no more: it is to end, or was lost. */
  isLeaving: boolean
}

/** Starts what carries out tasks on a worker; `setup` has run when it resolves. */
export type StartRunner = (place: Place) => Promise<Runner>

export interface CrewOptions {
  readonly start: StartRunner
  readonly group: string | undefined
  /** Something is free, has come or has gone. */
  readonly changed: () => void
  /** Nobody can take part, and nobody will. */
  readonly fail: (error: unknown) => void
}

/** New connections at the same time: as many as sshd lets wait before they are known (MaxStartups 10:30:100, and some room). */
const MOST_STARTING = 32
/** From one failed start on a worker to the next. */
const [FIRST_PAUSE_MS, MOST_PAUSE_MS] = [2000, 60_000]
/** So many starts that failed, and none that went well: it is not the workers. */
const MOST_FAILED_STARTS = 3
/** What no event tells is seen so soon. */
const LOOK_MS = 1000

interface Pause {
  readonly until: number
  readonly ms: number
}

export class Crew {
  readonly #places: Places
  readonly #options: CrewOptions
  readonly #limit = pLimit(MOST_STARTING)
  readonly #hands = new Map<string, Hand>()
  readonly #starting = new Set<string>()
  readonly #pauses = new Map<string, Pause>()
  /** Those that take tasks, by how many they have. */
  readonly #byBusy: Set<Hand>[] = []
  #failedStarts = 0
  #hasStarted = false
  #stop: (() => void) | undefined
  #isClosed = false
  slots = 0

  constructor(places: Places, options: CrewOptions) {
    this.#places = places
    this.#options = options
  }

  get size(): number {
    return this.#hands.size
  }

  /** Begins to look for workers, and goes on until `close`. */
  begin(): void {
    const { clock } = this.#places
    const forget = this.#places.watch(() => this.look())
    let cancel = () => {}
    const again = () => {
      this.look()
      if (!this.#isClosed) cancel = clock.timer(LOOK_MS, again)
    }
    this.#stop = () => {
      forget()
      cancel()
    }
    again()
  }

  /** The one with the fewest tasks that has room for one more. */
  free(): Hand | undefined {
    for (const hands of this.#byBusy) {
      for (const hand of hands) if (hand.busy < hand.runner.slots) return hand
    }
    return undefined
  }

  take(hand: Hand): void {
    if (hand.busy === 0) this.#places.busy(hand.id, true)
    this.#put(hand, hand.busy + 1)
  }

  give(hand: Hand): void {
    this.#put(hand, hand.busy - 1)
    if (hand.busy === 0) this.#places.busy(hand.id, false)
  }

  /** Brings the crew to what the cluster has now. */
  look(): void {
    if (this.#isClosed) return
    const { group } = this.#options
    const now = this.#places.clock.now()
    const places = this.#places.list().filter((place) => group === undefined || place.group === group)
    const byId = new Map(places.map((place) => [place.id, place]))
    for (const hand of this.#hands.values()) this.#checkHand(hand, byId.get(hand.id), now)
    for (const id of this.#pauses.keys()) if (!byId.has(id)) this.#pauses.delete(id)
    for (const place of places) {
      const isWanted = place.isReady && place.endsAt === undefined && (this.#pauses.get(place.id)?.until ?? 0) <= now
      if (isWanted && !this.#hands.has(place.id) && !this.#starting.has(place.id)) void this.#start(place)
    }
    if (places.length > 0 || this.#hands.size > 0 || this.#starting.size > 0) return
    const problem = this.#places.problem()
    if (problem !== undefined) this.#options.fail(problem)
  }

  /** Ends all runners. Workers are left as they are. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop?.()
    this.#limit.clearQueue()
    await Promise.all([...this.#hands.values()].map(({ runner }) => runner.close()))
  }

  #checkHand(hand: Hand, place: Place | undefined, now: number): void {
    if (place === undefined) {
      // Nothing answers there any more; what it had is begun again elsewhere.
      this.#leave(hand)
      void hand.runner.close()
    } else if (place.endsAt !== undefined && !hand.isLeaving) {
      this.#leave(hand)
      hand.runner.notice(Math.max(0, Math.round((place.endsAt - now) / 1000)))
    }
  }

  async #start(place: Place): Promise<void> {
    const { id, name } = place
    this.#starting.add(id)
    try {
      const runner = await this.#limit(() => this.#options.start(place))
      if (this.#isClosed) return await runner.close()
      this.#hasStarted = true
      this.#pauses.delete(id)
      this.#enter({ id, worker: name, runner, busy: 0, isLeaving: false })
    } catch (error) {
      this.#startFailed(id, error)
    } finally {
      this.#starting.delete(id)
    }
    this.#options.changed()
  }

  #enter(hand: Hand): void {
    this.#hands.set(hand.id, hand)
    this.slots += hand.runner.slots
    this.#put(hand, 0)
    void hand.runner.gone.then(() => {
      this.#leave(hand)
      this.#hands.delete(hand.id)
      this.#options.changed()
    })
  }

  #startFailed(id: string, error: unknown): void {
    if (this.#isClosed) return
    const ms = Math.min(MOST_PAUSE_MS, (this.#pauses.get(id)?.ms ?? FIRST_PAUSE_MS / 2) * 2)
    this.#pauses.set(id, { until: this.#places.clock.now() + ms, ms })
    // A worker that goes while it is reached says nothing of the others.
    if (!this.#places.list().some((place) => place.id === id && place.endsAt === undefined)) return
    this.#failedStarts += 1
    const isOfAll = isFinal(error) && !(error instanceof HostKeyError) && !(error instanceof AuthError)
    const isOurs = error instanceof CommandError || error instanceof MusterError
    if (this.#hasStarted) return
    if (isOfAll || !isOurs || this.#failedStarts >= MOST_FAILED_STARTS) this.#options.fail(error)
  }

  #leave(hand: Hand): void {
    if (hand.isLeaving) return
    hand.isLeaving = true
    this.slots -= hand.runner.slots
    this.#byBusy[hand.busy]?.delete(hand)
  }

  #put(hand: Hand, busy: number): void {
    this.#byBusy[hand.busy]?.delete(hand)
    hand.busy = busy
    if (hand.isLeaving) return
    while (this.#byBusy.length <= busy) this.#byBusy.push(new Set())
    this.#byBusy[busy]?.add(hand)
  }
}
