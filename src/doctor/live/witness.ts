/** Witness: keeps what a walk sends, what it is answered, what lists show, and what that says of the assumptions. */
import { markPrefix, verdictOn } from "../../guest/marks.js"
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { createCalls } from "../../calls/send.js"
import { windowMs } from "../../fleet/state/windows.js"
import type { Observation } from "../../live/verdicts.js"
import type {
  Calls,
  Exchange,
  Instance,
  Json,
  LaunchCall,
  Limits,
  Provider,
  Sight,
  Tap,
  WalkStage,
  WalkWorker,
  Watched,
} from "../../provider.js"

/** A machine of a walk while it is followed. */
export type Followed = { -readonly [K in keyof WalkWorker]: WalkWorker[K] }

/** What the cluster has beside the machines that were meant. Moments are in milliseconds since the walk began. */
export interface Stray {
  instance: Instance
  /** When it was first and last seen to be there. */
  readonly from: number
  to?: number
}

/** A launch call that may have made, or may still make, what nobody has been told of. */
export interface OpenCall {
  readonly call: LaunchCall
  /** When it was last sent, in milliseconds since the walk began. */
  readonly sentAt: number
  /** What it is asked with. */
  readonly ref?: Json
}

export const PATIENCE = { attempts: 3, throttles: 5 }

export class Witness {
  readonly exchanges: Exchange[] = []
  readonly sights: Sight[] = []
  readonly workers: Followed[] = []
  readonly observations: Observation[] = []
  readonly problems: string[] = []
  readonly notes: string[] = []
  readonly strays = new Map<string, Stray>()
  /** Ids of those among them that a look makes on purpose. */
  readonly beside = new Set<string>()
  /** Since when each of these may come without any list having shown it, in milliseconds since the walk began. */
  readonly coming = new Map<string, number>()
  /** Launch calls of which it is not known what they made, by their tokens. */
  readonly open = new Map<string, OpenCall>()
  /** What costs nothing has been looked at. */
  isRefusalsSeen = false
  readonly #clock: Clock
  #begunAt: number
  /** Since when lists in a row have missed a machine, by its id. */
  readonly #missingAt = new Map<string, number>()
  /** The newest stage that hooks were given; undefined before the first. */
  last: WalkStage | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#begunAt = clock.now()
  }

  /** Milliseconds since the walk began. */
  now(): number {
    return this.#clock.now() - this.#begunAt
  }

  /** The time of the walk goes on from its last answer: while it is not confirmed none passes. */
  begin(): void {
    const last = Math.max(0, ...this.exchanges.map(({ at, ms }) => at + ms))
    this.#begunAt = this.#clock.now() - last
  }

  readonly tap: Tap = (api, request) => {
    const at = this.now()
    let isTold = false
    return (answer) => {
      if (isTold) return
      isTold = true
      const number = this.exchanges.length
      this.exchanges.push({
        number,
        api,
        at,
        ms: this.now() - at,
        request,
        ...(answer === undefined ? {} : { answer }),
      })
    }
  }

  callsTo(limits: Limits, signal: AbortSignal): Calls {
    return createCalls({ clock: this.#clock, limits, signal, patience: PATIENCE })
  }

  /** @throws the signal's reason. */
  async watch<T>(signal: AbortSignal, requests: () => Promise<T>): Promise<Watched<T>> {
    const before = this.exchanges.length
    const made = () => this.exchanges.slice(before)
    try {
      return { value: await requests(), exchanges: made() }
    } catch (thrown) {
      signal.throwIfAborted()
      return { error: thrown instanceof Error ? thrown : new Error(String(thrown)), exchanges: made() }
    }
  }

  /** Watches what is sent by these calls. */
  watching(calls: Calls, signal: AbortSignal): Pick<WalkStage, "watch"> {
    return { watch: (requests) => this.watch(signal, () => requests(calls)) }
  }

  saw(assumption: string, held: boolean, words: string, evidence: readonly Exchange[] = [], kind?: string): void {
    const exchanges = evidence.map(({ number }) => number)
    const of = kind === undefined ? {} : { kind }
    this.observations.push({ assumption, held, words, at: this.now(), exchanges, ...of })
  }

  /** What a cloud's hooks are given. */
  stage(
    site: Pick<WalkStage, "owner" | "group" | "prepared" | "offers"> & {
      readonly provider: Provider
      readonly signal: AbortSignal
    },
  ): WalkStage {
    const { provider, signal, ...rest } = site
    const calls = this.callsTo(provider.limits, signal)
    const { exchanges, sights, workers } = this
    const stage: WalkStage = {
      ...rest,
      ...{ calls, exchanges, sights, workers },
      now: () => this.now(),
      wait: (ms) => this.#clock.sleep(ms, signal),
      makes: (id) => {
        this.beside.add(id)
        this.coming.set(id, this.now())
      },
      settled: (id) => void this.coming.delete(id),
      ...this.watching(calls, signal),
      saw: (...seen) => this.saw(...seen),
    }
    this.last = stage
    return stage
  }

  /** The same stage whose waits and requests end with `signal` as well. */
  limited(stage: WalkStage, limits: Limits, signal: AbortSignal): WalkStage {
    const calls = this.callsTo(limits, signal)
    return {
      ...stage,
      calls,
      now: () => this.now(),
      wait: (ms) => this.#clock.sleep(ms, signal),
      ...this.watching(calls, signal),
    }
  }

  /** Takes over a complete list: begun at `at`, of the cluster's instances in all states. */
  listed(at: number, instances: readonly Instance[], limits: Limits): void {
    const { goneStates, consistencyMs } = limits
    this.sights.push({ at, instances })
    this.over(at, limits)
    for (const worker of this.workers) {
      const instance = instances.find(({ id }) => id === worker.made.id)
      if (instance !== undefined) worker.instance = instance
      if (instance?.state === "running") worker.runningAt ??= at
      const isMissing = instance === undefined && (this.#wasListed(worker) || at > worker.toldAt + consistencyMs)
      this.#missed(worker, isMissing ? at : undefined)
      if (instance !== undefined && goneStates.includes(instance.state)) worker.goneAt ??= at
      // A list that misses what is there must not have it forgotten.
      else if (instance !== undefined) delete worker.goneAt
    }
    this.#noteStrays(at, instances, goneStates)
  }

  /** One list may miss what is there: of two in a row that miss it, the first tells when it went. */
  #missed(worker: Followed, at: number | undefined): void {
    const { id } = worker.made
    const missedAt = this.#missingAt.get(id)
    if (at === undefined) this.#missingAt.delete(id)
    else if (missedAt === undefined) this.#missingAt.set(id, at)
    else worker.goneAt ??= missedAt
  }

  #noteStrays(at: number, instances: readonly Instance[], goneStates: Limits["goneStates"]): void {
    const meant = new Set(this.workers.map(({ made }) => made.id))
    const living = new Map(instances.filter(({ state }) => !goneStates.includes(state)).map((one) => [one.id, one]))
    for (const [id, instance] of living) {
      this.coming.delete(id)
      const known = this.strays.get(id)
      if (known !== undefined) {
        known.instance = instance
        delete known.to
      } else if (!meant.has(id)) this.strays.set(id, { instance, from: at })
    }
    const listed = new Set(instances.map(({ id }) => id))
    for (const [id, stray] of this.strays) {
      const missedAt = this.#missingAt.get(id)
      if (listed.has(id)) this.#missingAt.delete(id)
      else if (missedAt === undefined) this.#missingAt.set(id, at)
      else stray.to ??= missedAt
      if (listed.has(id) && !living.has(id)) stray.to ??= at
    }
  }

  /** What looks make comes within this time, or not at all. */
  over(at: number, limits: Limits): void {
    for (const [id, since] of this.coming) if (at >= since + windowMs(limits)) this.coming.delete(id)
  }

  /** Takes note of an instance that no list has shown. */
  meet(instance: Instance, { goneStates }: Pick<Limits, "goneStates">): void {
    const isMeant = this.workers.some(({ made }) => made.id === instance.id)
    if (isMeant || goneStates.includes(instance.state) || this.strays.has(instance.id)) return
    this.strays.set(instance.id, { instance, from: this.now() })
  }

  /** What lives that nobody meant to make. */
  livingStrays(): readonly Instance[] {
    return [...this.strays.values()].filter(({ to }) => to === undefined).map(({ instance }) => instance)
  }

  /** Meant or not, and what may come of launch calls without an answer or of what looks make. */
  livingCount(): number {
    const open = [...this.open.values()].reduce((sum, { call }) => sum + call.count, 0)
    const living = this.workers.filter(({ goneAt }) => goneAt === undefined).length + this.livingStrays().length
    return living + open + this.coming.size
  }

  /** A sentence that is told once. */
  problem(words: string): void {
    if (!this.problems.includes(words)) this.problems.push(words)
  }

  /** Takes over what a console says. */
  read(worker: Followed, text: string): void {
    worker.console = text
    worker.isBooted = text.includes(markPrefix(worker.owner.uid)) && verdictOn(text, worker.owner.uid) !== undefined
    if (worker.isBooted) worker.bootedAt ??= this.now()
  }

  #wasListed({ made }: Followed): boolean {
    return this.sights.some(({ instances }) => instances.some(({ id }) => id === made.id))
  }
}

/** Ends with `signal`, or after `ms` with this reason. @returns it, and what lets go of both. */
export function endsAfter(
  clock: Clock,
  { signal, ms, reason }: { readonly signal: AbortSignal; readonly ms: number; readonly reason: () => Error },
): { readonly signal: AbortSignal; readonly done: () => void } {
  const own = new AbortController()
  const cancel = clock.timer(ms, () => own.abort(reason()))
  const forget = onAbort(signal, () => own.abort(signal.reason))
  const done = () => {
    cancel()
    forget()
  }
  return { signal: own.signal, done }
}
