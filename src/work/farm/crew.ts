/** Crew: the runners of those workers that take part. It starts them, gives the freest, and lets go of workers that are to end. */
import pLimit from "p-limit"
import { AuthError, CommandError, HostKeyError, isFinal, MusterError, RejectedError } from "../../errors.js"
import { NotUpError } from "../../remote/inside/inside.js"
import type { Place, Places } from "./places.js"
import type { Gone, Runner } from "./runner.js"
import type { Hand } from "./hand.js"

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
/** A worker whose container is not up yet is asked again so soon at most, and counts as one that fails after so long. */
const [MOST_UP_PAUSE_MS, UP_MS] = [10_000, 900_000]
/** So many starts in turn that failed, on each worker that there is at least once, and none works: it is not the workers. */
const MOST_FAILED_STARTS = 3
/** A worker that we let finish: tasks are told so long before its end, in seconds. */
const ABORT_BEFORE_S = 30
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
  /** Since when the containers of workers were waited for, which are not up yet. */
  readonly #notUp = new Map<string, number>()
  /** Those that take tasks, by how many they have. */
  readonly #byBusy: Hand[][] = []
  /** Workers that have had all that they may have, whatever becomes of their connection. */
  readonly #spent = new Set<string>()
  /** How many have a task. */
  busy = 0
  /** Since one went well. */
  #failedStarts = 0
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
    if (hand.busy > 0) return
    this.#places.busy(hand.id, false)
    if (hand.isLeaving) this.#letGo(hand)
  }

  /** It gets no other task. */
  spend(hand: Hand): void {
    hand.isSpent = true
    this.#spent.add(hand.id)
  }

  /** Brings the crew to what the cluster has now. */
  look(): void {
    if (this.#isClosed) return
    const now = this.#places.clock.now()
    const places = this.#wanted()
    const byId = new Map(places.map((place) => [place.id, place]))
    for (const hand of this.#hands.values()) this.#checkHand(hand, byId.get(hand.id), now)
    for (const known of [this.#pauses, this.#notUp]) {
      for (const id of known.keys()) if (!byId.has(id)) known.delete(id)
    }
    for (const place of places) {
      const isWanted = place.isReady && place.endsAt === undefined && (this.#pauses.get(place.id)?.until ?? 0) <= now
      if (isWanted && !this.#hands.has(place.id) && !this.#starting.has(place.id)) void this.#start(place)
    }
    if (places.length > 0 || this.#hands.size > 0 || this.#starting.size > 0) return
    const problem = this.#places.problem(this.#options.group)
    if (problem !== undefined) this.#options.fail(problem)
  }

  /** Ends all runners. Workers are left as they are. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop?.()
    this.#limit.clearQueue()
    const hands = [...this.#hands.values()]
    await Promise.all(hands.map(({ runner, isLeaving }) => (isLeaving ? runner.close() : runner.leave())))
  }

  #checkHand(hand: Hand, place: Place | undefined, now: number): void {
    if (place === undefined) {
      // Nothing answers there any more; what it had is begun again elsewhere.
      this.#leave(hand)
      void hand.runner.close()
    } else if (place.endsAt !== undefined && !hand.hasNotice) {
      this.#leave(hand)
      hand.hasNotice = true
      const seconds = Math.max(0, Math.round((place.endsAt - now) / 1000))
      hand.runner.notice(place.isDraining === true ? { seconds, abortBeforeS: ABORT_BEFORE_S } : { seconds })
    }
  }

  async #start(place: Place): Promise<void> {
    const { id, name } = place
    this.#starting.add(id)
    try {
      const runner = await this.#limit(() => this.#options.start(place))
      if (this.#isClosed) return await runner.leave()
      this.#failedStarts = 0
      this.#pauses.delete(id)
      this.#notUp.delete(id)
      this.#starting.delete(id)
      const hand = {
        id,
        worker: name,
        runner,
        busy: 0,
        isLeaving: false,
        isSpent: this.#spent.has(id),
        hasNotice: false,
        whenGone: new Set<() => void>(),
      }
      this.#enter(hand)
    } catch (error) {
      this.#starting.delete(id)
      this.#startFailed(id, error)
    }
    this.#options.changed()
  }

  #enter(hand: Hand): void {
    this.#hands.set(hand.id, hand)
    this.slots += hand.runner.slots
    this.#put(hand, 0)
    void hand.runner.gone.then((gone) => this.#gone(hand, gone))
  }

  #gone(hand: Hand, { isSuperseded }: Gone): void {
    this.#leave(hand)
    if (this.#hands.get(hand.id) === hand) this.#hands.delete(hand.id)
    for (const tell of hand.whenGone) tell()
    hand.whenGone.clear()
    if (isSuperseded === true) {
      const message = `another process works with ${hand.worker} now: it has ended what ran there for this one; have one process at a time work with a cluster`
      this.#options.fail(new RejectedError(message, { code: "WorkSuperseded" }))
    }
    this.#options.changed()
  }

  #startFailed(id: string, error: unknown): void {
    if (this.#isClosed) return
    if (error instanceof NotUpError) this.#notUp.set(id, this.#notUp.get(id) ?? this.#places.clock.now())
    else this.#notUp.delete(id)
    const isBooting = this.#isBooting(id)
    const most = isBooting ? MOST_UP_PAUSE_MS : MOST_PAUSE_MS
    const ms = Math.min(most, (this.#pauses.get(id)?.ms ?? FIRST_PAUSE_MS / 2) * 2)
    this.#pauses.set(id, { until: this.#places.clock.now() + ms, ms })
    if (isBooting) return
    // A worker that goes while it is reached says nothing of the others.
    if (!this.#places.list().some((place) => place.id === id && place.endsAt === undefined)) return
    this.#failedStarts += 1
    const isOfAll = isFinal(error) && !(error instanceof HostKeyError) && !(error instanceof AuthError)
    const isOurs = error instanceof CommandError || error instanceof MusterError
    const isEverywhere = this.#hands.size === 0 && this.#starting.size === 0 && this.#failedStarts >= MOST_FAILED_STARTS
    if (!isOurs || (isOfAll && this.#hands.size === 0) || (isEverywhere && this.#haveAllFailed()))
      this.#options.fail(error)
  }

  /** Its container may still come: its image is on its way. */
  #isBooting(id: string): boolean {
    const since = this.#notUp.get(id)
    return since !== undefined && this.#places.clock.now() - since < UP_MS
  }

  /** No worker is left that was not tried. */
  #haveAllFailed(): boolean {
    return this.#wanted().every(({ id, isReady }) => !isReady || (this.#pauses.has(id) && !this.#isBooting(id)))
  }

  #wanted(): readonly Place[] {
    const { group } = this.#options
    return this.#places.list().filter((place) => group === undefined || place.group === group)
  }

  #leave(hand: Hand): void {
    if (hand.isLeaving) return
    hand.isLeaving = true
    this.slots -= hand.runner.slots
    this.#leaveRow(hand)
    if (hand.busy === 0) this.#letGo(hand)
  }

  /** It is not closed: other calls may have tasks on its program. */
  #letGo(hand: Hand): void {
    if (this.#hands.get(hand.id) === hand) this.#hands.delete(hand.id)
    void hand.runner.leave()
  }

  #put(hand: Hand, busy: number): void {
    this.#leaveRow(hand)
    this.busy += Number(busy > 0) - Number(hand.busy > 0)
    hand.busy = busy
    if (hand.isLeaving || hand.isSpent) return
    while (this.#byBusy.length <= busy) this.#byBusy.push([])
    this.#byBusy[busy]?.push(hand)
  }

  #leaveRow(hand: Hand): void {
    const row = this.#byBusy[hand.busy]
    const at = row?.indexOf(hand) ?? -1
    if (at !== -1) row?.splice(at, 1)
  }
}
