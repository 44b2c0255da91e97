/** What a cluster knows: its workers and its launches. Stages read and write it; nothing here talks to a cloud. */
import type { PriceOrigin } from "../money/cost.js"
import type { Failure, Instance, Json, LaunchCall, Offer, Provider } from "../provider.js"
import { advance, counts, mayLive, observedState, type WorkerState } from "./lifecycle.js"
import { TAG } from "./tags.js"

/** What an offer costs, in USD. */
export interface Price {
  readonly perHour: number
  readonly from: PriceOrigin
}

/** A worker as the core keeps it. */
export interface WorkerRecord {
  readonly provider: Provider
  readonly group: string
  instance: Instance
  state: WorkerState
  /** When the state was entered, in milliseconds since 1970. */
  since: number
  /** Whether a list has ever shown it: until then its absence proves nothing. */
  listed: boolean
  /** When we first heard of it, which is not before it was launched. */
  readonly knownSince: number
  pricePerHour?: number
  /** Where its price is from. */
  priceFrom?: PriceOrigin
  /** When it was last seen not to run yet, in milliseconds since 1970: it is not billed before that. */
  pendingAt?: number
  /** When it can have begun to run at the earliest, in milliseconds since 1970; absent until it was seen to. */
  ranFrom?: number
  failure?: Failure
  /** Its console was asked for after it failed. */
  consoleAsked?: boolean
  /** When the notice in force takes it away. */
  interruptedAt?: number
  /** `sent`: a termination is on the wire. `accepted`: the cloud has taken it. */
  termination?: "sent" | "accepted"
  /** When it was last asked to go, in milliseconds since 1970. */
  terminatedAt?: number
}

/**
 * `waiting`: not admitted, may be thrown away. `sent`: admitted, no answer yet. `unknown`: it may have been done.
 * `unsettled`: answered, more may come. `settled`: no more can come.
 */
export type LaunchState = "waiting" | "sent" | "unknown" | "unsettled" | "settled"

/** A launch call on its way through its states. */
export interface Launch {
  readonly provider: Provider
  readonly call: LaunchCall
  readonly wish: string
  /** The generation that made it: a replay may be of an earlier one. */
  readonly generation: number
  state: LaunchState
  /** Its intent is in the journal, so its outcome belongs there too. */
  journaled: boolean
  failures: readonly Failure[]
  ref?: Json
  /** When it was last sent, in milliseconds since 1970; 0 before. */
  sentAt: number
  /** When an unsettled one was last looked at, in milliseconds since 1970. */
  lookedAt: number
  /** How often it was sent again after an outcome that stayed unknown. */
  replays: number
  abort: AbortController
  /** Gives back what the account's concurrency limits lend; called once it is settled. */
  release: () => void
}

/** What became of workers, told to whoever watches. */
export type RosterChange = { readonly worker: WorkerRecord; readonly from: WorkerState | undefined }

/**
 * A pass asks a dozen questions of all workers, and thousands of passes may see thousands of them: what is asked most is kept
 * at hand here, where alone workers are added and moved.
 */
export class Roster {
  readonly workers = new Map<string, WorkerRecord>()
  readonly launches = new Map<string, Launch>()
  readonly #byId = new Map<Provider, Map<string, WorkerRecord>>()
  readonly #byGroup = new Map<string, WorkerRecord[]>()
  readonly #living = new Set<WorkerRecord>()
  /** How many instances were seen of each launch call, by its token. */
  readonly #made = new Map<string, number>()
  readonly #onChange: (change: RosterChange) => void
  readonly #priceOf: (provider: Provider, instance: Instance) => Price | undefined

  constructor(
    onChange: (change: RosterChange) => void,
    priceOf: (provider: Provider, instance: Instance) => Price | undefined,
  ) {
    this.#onChange = onChange
    this.#priceOf = priceOf
  }

  /** Takes over what was seen of an instance; `listed` when a list showed it, not only the reply that made it. */
  see(provider: Provider, instance: Instance, now: number, listed: boolean): WorkerRecord {
    const known = this.find(provider, instance.id)
    const wanted = observedState(instance, provider.limits, now)
    if (known === undefined) {
      const price = this.#priceOf(provider, instance)
      const worker: WorkerRecord = {
        provider,
        group: instance.tags[TAG.group] ?? "default",
        instance,
        state: wanted,
        since: now,
        listed,
        knownSince: now,
        ...(price === undefined ? {} : { pricePerHour: price.perHour, priceFrom: price.from }),
        ...(instance.failure === undefined ? {} : { failure: instance.failure }),
      }
      noteRunning(worker, instance, now)
      this.#add(worker)
      this.#onChange({ worker, from: undefined })
      return worker
    }
    const { tags } = known.instance
    // Tags fade from what is gone; what we read of them while it lived stays.
    const hasAll = Object.keys(tags).every((name) => Object.hasOwn(instance.tags, name))
    known.instance = hasAll ? instance : { ...instance, tags: { ...tags, ...instance.tags } }
    if (tags[TAG.launch] === undefined) this.#noteMade(instance.tags[TAG.launch])
    known.listed ||= listed
    if (instance.failure !== undefined) known.failure = instance.failure
    noteRunning(known, instance, now)
    this.move(known, wanted, now)
    return known
  }

  #add(worker: WorkerRecord): void {
    const { provider, instance, group } = worker
    this.workers.set(keyOf(provider, instance.id), worker)
    const ids = this.#byId.get(provider) ?? new Map<string, WorkerRecord>()
    this.#byId.set(provider, ids.set(instance.id, worker))
    const members = this.#byGroup.get(group) ?? []
    members.push(worker)
    this.#byGroup.set(group, members)
    if (mayLive(worker.state)) this.#living.add(worker)
    this.#noteMade(instance.tags[TAG.launch])
  }

  #noteMade(token: string | undefined): void {
    if (token !== undefined) this.#made.set(token, (this.#made.get(token) ?? 0) + 1)
  }

  /** More prices are known: those who were found before they were get theirs. */
  reprice(): void {
    for (const worker of this.workers.values()) {
      const price = worker.pricePerHour === undefined ? this.#priceOf(worker.provider, worker.instance) : undefined
      if (price === undefined) continue
      worker.pricePerHour = price.perHour
      worker.priceFrom = price.from
    }
  }

  /** A list of what is pending showed these. */
  stillPending(provider: Provider, instances: readonly Instance[], now: number): void {
    for (const { id } of instances) {
      const worker = this.find(provider, id)
      if (worker?.state === "pending") worker.pendingAt = now
    }
  }

  /** Moves a worker to a state if that step is legal. */
  move(worker: WorkerRecord, wanted: WorkerState, now: number): void {
    const from = worker.state
    const to = advance(from, wanted)
    if (to === from) return
    worker.state = to
    worker.since = now
    if (mayLive(to)) this.#living.add(worker)
    else this.#living.delete(worker)
    this.#onChange({ worker, from })
  }

  find(provider: Provider, id: string): WorkerRecord | undefined {
    return this.#byId.get(provider)?.get(id)
  }

  /** All workers that a group has and had. */
  ofGroup(group: string): readonly WorkerRecord[] {
    return this.#byGroup.get(group) ?? []
  }

  /** Workers that may still run or cost money. */
  living(): WorkerRecord[] {
    return [...this.#living]
  }

  /** Workers of a group that count toward its target. */
  counted(group: string): WorkerRecord[] {
    return this.living().filter((worker) => worker.group === group && counts(worker.state))
  }

  running(group: string): number {
    return this.#countOf(group, "running")
  }

  pending(group: string): number {
    return this.#countOf(group, "pending")
  }

  #countOf(group: string, state: "running" | "pending"): number {
    let count = 0
    for (const worker of this.#living) if (worker.group === group && worker.state === state) count += 1
    return count
  }

  /** Nothing more can come of it: what it lent goes back. */
  forget(launch: Launch): void {
    launch.state = "settled"
    launch.release()
    this.launches.delete(launch.call.token)
  }

  openLaunches(group?: string): Launch[] {
    return [...this.launches.values()].filter(
      (launch) => launch.state !== "settled" && (group === undefined || launch.call.group === group),
    )
  }

  /** Whether any launch call has an answer to come. */
  isOnWire(): boolean {
    for (const { state } of this.launches.values()) if (state === "sent") return true
    return false
  }

  /** How many instances may still come of the open launches of a group, or of those of them that are chosen. */
  booked(group: string, isChosen: (launch: Launch) => boolean = () => true): number {
    const open = this.outstanding(group).filter(({ launch }) => isChosen(launch))
    return open.reduce((sum, { count }) => sum + count, 0)
  }

  /** The open launches, of one group or of all, each with how many instances may still come of it. */
  outstanding(group?: string): { readonly launch: Launch; readonly count: number }[] {
    return this.openLaunches(group).map((launch) => {
      const failed = launch.failures.reduce((count, failure) => count + failure.count, 0)
      const made = this.#made.get(launch.call.token) ?? 0
      return { launch, count: Math.max(0, launch.call.count - failed - made) }
    })
  }
}

/** A bill begins when an instance runs: at the earliest when it was last seen not to, else when it was launched. */
function noteRunning(worker: WorkerRecord, { state, launchedAt }: Instance, now: number): void {
  if (state === "pending") worker.pendingAt = now
  else if (state === "running" || state === "stopped") worker.ranFrom ??= worker.pendingAt ?? launchedAt
}

/** Ids are unique within one provider and region only. */
export function keyOf(provider: Provider, id: string): string {
  return `${provider.name}/${provider.region}/${id}`
}

/** The price of the offer that an instance came from. */
export function priceIndex(): {
  /** @param at when the cloud said so, in milliseconds since 1970. */
  learn(offers: readonly Offer[], at: number): void
  priceOf(provider: Provider, instance: Instance): Price | undefined
} {
  const prices = new Map<string, Price>()
  const key = (parts: readonly string[]) => parts.join("/")
  return {
    learn(offers, at) {
      for (const { provider, region, zone, instanceType, market, pricePerHour, priceSource } of offers) {
        if (pricePerHour === undefined) continue
        const from = { source: priceSource ?? `the offers of ${provider}`, at }
        prices.set(key([provider, region, zone, instanceType, market]), { perHour: pricePerHour, from })
      }
    },
    priceOf: (provider, instance) =>
      prices.get(key([provider.name, provider.region, instance.zone, instance.instanceType, instance.market])),
  }
}
