/** What a cluster knows: its workers and its launches. Stages read and write it; nothing here talks to a cloud. */
import type { Readiness, WorkerRecord } from "./worker-record.js"
import type { Instance, Provider } from "../../provider.js"
import { type Launch, Launches } from "./launches.js"
import type { Price } from "./price-index.js"
import { TerminatedInstances } from "./terminated.js"
import { advance, observedState, type WorkerState } from "../lifecycle.js"
import { type Counted, Members, weightOf } from "./members.js"
import { Register } from "./register.js"
import { bootsSince, excludeUnobservedTime, newWorker, noteBooted, notePending, noteRunning } from "./observations.js"
import type { ReadyBy } from "./observations.js"
import { TAG } from "../tags.js"

/** Of a worker that was not heard yet. */
const UNKNOWN: Readiness = { isReady: false }

const NOBODY: ReadonlySet<WorkerRecord> = new Set()

/** A change of a worker's state, for listeners. */
export type RosterChange = { readonly worker: WorkerRecord; readonly from: WorkerState | undefined }

/**
 * A pass asks a dozen questions of all workers, and thousands of passes may see thousands of them: what is asked most is kept
 * at hand here, where alone workers are added and moved.
 */
export class Roster {
  readonly launches = new Launches()
  readonly #register = new Register()
  readonly #all = new Members()
  readonly #inGroup = new Map<string, Members>()
  readonly #at = new Map<Provider, Members>()
  /** Workers whose bill may have changed since the set was last emptied. */
  readonly rebilled = new Set<WorkerRecord>()
  /** How many instances were seen of each launch call, by its token. */
  readonly #made = new Map<string, number>()
  readonly #terminated = new TerminatedInstances()
  /** Those that run and are not ready, by group. */
  readonly #unready = new Map<string, Set<WorkerRecord>>()
  readonly #readyBy: (group: string) => ReadyBy
  readonly #onChange: (change: RosterChange) => void
  readonly #priceOf: (provider: Provider, instance: Instance) => Price | undefined

  constructor(
    onChange: (change: RosterChange) => void,
    priceOf: (provider: Provider, instance: Instance) => Price | undefined,
    readyBy: (group: string) => ReadyBy = () => "running",
  ) {
    this.#readyBy = readyBy
    this.#onChange = onChange
    this.#priceOf = priceOf
  }

  /**
   * Takes over what was seen of an instance.
   *
   * @param listed a list showed it, not only the reply that made it.
   * @param begun when that list, or what was replied to, was begun, in milliseconds since 1970: the instance is known to have been so
   * then, and no later. This machine may have slept before it heard of it.
   */
  recordInstance(provider: Provider, instance: Instance, now: number, listed: boolean, begun = now): WorkerRecord {
    const known = this.find(provider, instance.id)
    if (known !== undefined) excludeUnobservedTime(known, begun)
    const launch = this.launches.get(instance.tags[TAG.launch] ?? "")
    const bootsFrom = known?.bootsFrom ?? bootsSince(instance, now, !listed || launch !== undefined)
    const wanted = observedState(instance, provider.limits, begun, bootsFrom)
    if (known === undefined) {
      const readyBy = this.#readyBy(instance.tags[TAG.group] ?? "default")
      const worker = newWorker({ provider, instance, now, begun, listed, bootsFrom, launch, state: wanted, readyBy })
      const price = this.#priceOf(provider, instance)
      if (price !== undefined) [worker.pricePerHour, worker.priceFrom] = [price.perHour, price.from]
      this.#add(worker)
      noteBooted(worker, now)
      if (listed) this.#notePending(worker, begun)
      this.#onChange({ worker, from: undefined })
      return worker
    }
    const { tags } = known.instance
    // Tags fade from what is gone; what we read of them while it lived stays.
    const hasAll = Object.keys(tags).every((name) => Object.hasOwn(instance.tags, name))
    const { zone, endedAt } = known.instance
    known.instance = hasAll ? instance : { ...instance, tags: { ...tags, ...instance.tags } }
    if (instance.zone !== zone) this.#weigh(known)
    if (instance.endedAt !== endedAt) this.rebilled.add(known)
    if (tags[TAG.launch] === undefined) this.#noteMade(instance.tags[TAG.launch])
    known.listed ||= listed
    // A failed instance is listed until it is gone: later lists do not take back what its console added.
    if (instance.failure !== undefined && known.consoleRequested !== true) known.failure = instance.failure
    noteRunning(known, instance, begun)
    if (listed) this.#notePending(known, begun)
    this.move(known, wanted, now)
    if (known.state === "terminated") known.instance = this.#terminated.of(known.instance)
    return known
  }

  #notePending(worker: WorkerRecord, begun: number): void {
    if (notePending(worker, begun)) this.rebilled.add(worker)
  }

  #add(worker: WorkerRecord): void {
    this.#register.add(worker)
    this.#noteReady(worker)
    const sets = this.#setsOf(worker)
    for (const set of sets) set.note(worker)
    this.#weigh(worker, sets)
    this.rebilled.add(worker)
    this.#noteMade(worker.instance.tags[TAG.launch])
  }

  #weigh(worker: WorkerRecord, sets = this.#setsOf(worker)): void {
    const before = worker.weight
    worker.weight = weightOf(worker)
    for (const set of sets) set.weigh(before, worker.weight)
  }

  #setsOf({ group, provider }: WorkerRecord): readonly Members[] {
    return [this.#all, this.inGroup(group), this.at(provider)]
  }

  #noteMade(token: string | undefined): void {
    if (token !== undefined) this.#made.set(token, (this.#made.get(token) ?? 0) + 1)
  }

  /** More prices are known: those who were found before they were get theirs. */
  reprice(): void {
    for (const worker of this.workers) {
      const price = worker.pricePerHour === undefined ? this.#priceOf(worker.provider, worker.instance) : undefined
      if (price !== undefined) this.setPrice(worker, price)
    }
  }

  setPrice(worker: WorkerRecord, { perHour, from }: Price): void {
    worker.pricePerHour = perHour
    worker.priceFrom = from
    this.#weigh(worker)
    this.rebilled.add(worker)
  }

  /** A list of what is pending, begun at `begun`, showed these. */
  stillPending(provider: Provider, instances: readonly Instance[], begun: number): void {
    for (const { id } of instances) {
      const worker = this.find(provider, id)
      if (worker?.state !== "pending") continue
      worker.pendingAt = begun
      this.#notePending(worker, begun)
    }
  }

  /** An earlier process has noted when its bill begins. */
  billFrom(worker: WorkerRecord, from: number): void {
    worker.billedFrom = from
    this.rebilled.add(worker)
  }

  /** Moves a worker to a state if that step is legal. */
  move(worker: WorkerRecord, wanted: WorkerState, now: number): void {
    const from = worker.state
    const to = advance(from, wanted)
    if (to === from) return
    worker.state = to
    worker.since = now
    this.#noteReady(worker)
    noteBooted(worker, now)
    const sets = this.#setsOf(worker)
    for (const set of sets) set.note(worker, from)
    this.#weigh(worker, sets)
    this.rebilled.add(worker)
    this.#onChange({ worker, from })
    if (to === "terminated") worker.instance = this.#terminated.of(worker.instance)
  }

  /** All there are and were, in the order in which they were first seen. */
  get workers(): readonly WorkerRecord[] {
    return this.#register.all
  }

  find(provider: Provider, id: string): WorkerRecord | undefined {
    return this.#register.find(provider, id)
  }

  /** By its key, as `keyOf` makes it. */
  ofKey(key: string): WorkerRecord | undefined {
    return this.#register.ofKey(key)
  }

  /** All workers that a group has and had. */
  ofGroup(group: string): readonly WorkerRecord[] {
    return this.#register.ofGroup(group)
  }

  /** How many workers that may still run or cost money, and launch calls of which more may come, there are. */
  get size(): number {
    return this.#all.living.size + this.launches.size
  }

  /** All workers. */
  get all(): Members {
    return this.#all
  }

  /** Those of a group. */
  inGroup(group: string): Members {
    return kept(this.#inGroup, group)
  }

  /** Those at a provider. */
  at(provider: Provider): Members {
    return kept(this.#at, provider)
  }

  /** Workers that may still run or cost money. */
  living(): WorkerRecord[] {
    return [...this.#all.living]
  }

  /** Workers of a group that count toward its target. */
  counted(group: string): Counted {
    return this.inGroup(group).counted
  }

  running(group: string): number {
    return this.inGroup(group).size("running")
  }

  /** How many run and are ready: all that run, where nothing says when they are. */
  ready(group: string): number {
    return this.running(group) - this.unready(group).size
  }

  /** Those that run and are not ready. */
  unready(group: string): ReadonlySet<WorkerRecord> {
    return this.#unready.get(group) ?? NOBODY
  }

  setReadiness(worker: WorkerRecord, readiness: Readiness): void {
    worker.readiness = readiness
    this.#noteReady(worker)
  }

  #noteReady(worker: WorkerRecord): void {
    const { group, state } = worker
    if (worker.readiness === undefined && this.#readyBy(group) !== "running") worker.readiness = UNKNOWN
    const isUnready = state === "running" && worker.readiness?.isReady === false
    const own = this.#unready.get(group)
    if (!isUnready) own?.delete(worker)
    else if (own === undefined) this.#unready.set(group, new Set([worker]))
    else own.add(worker)
  }

  pending(group: string): number {
    return this.inGroup(group).size("pending")
  }

  /** Nothing more can come of it: what it lent goes back. */
  forget(launch: Launch): void {
    this.launches.move(launch, "settled")
    launch.release()
    this.launches.delete(launch)
  }

  openLaunches(group?: string): Launch[] {
    return this.launches.open(group)
  }

  /** How many instances may still come of the open launches of a group. */
  booked(group: string): number {
    return this.launches.waiting(group).count + this.asked(group)
  }

  /** How many may still come of those that were sent, or may have been. */
  asked(group: string): number {
    let sum = 0
    for (const launch of this.launches.asked(group)) sum += this.#outstandingOf(launch)
    return sum
  }

  /** Whether any instance of a launch call was ever seen. */
  wasObserved(token: string): boolean {
    return (this.#made.get(token) ?? 0) > 0
  }

  /** The open launches, each with how many instances may still come of it. */
  outstanding(): { readonly launch: Launch; readonly count: number }[] {
    return this.#outstanding(this.openLaunches())
  }

  /** The same of those that were sent, or may have been. */
  outstandingAsked(group?: string): { readonly launch: Launch; readonly count: number }[] {
    return this.#outstanding(this.launches.asked(group))
  }

  #outstanding(launches: readonly Launch[]): { readonly launch: Launch; readonly count: number }[] {
    return launches.map((launch) => ({ launch, count: this.#outstandingOf(launch) }))
  }

  #outstandingOf({ call, state, failures }: Launch): number {
    if (state === "settled") return 0
    let left = call.count - (this.#made.get(call.token) ?? 0)
    for (const { count } of failures) left -= count
    return Math.max(0, left)
  }
}

function kept<K>(members: Map<K, Members>, key: K): Members {
  const known = members.get(key)
  if (known !== undefined) return known
  const fresh = new Members()
  members.set(key, fresh)
  return fresh
}
