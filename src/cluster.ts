/** Cluster: the object a user holds. */
import { setMaxListeners } from "node:events"
import { type Clock, seededClock, systemClock } from "./calls/clock.js"
import { LeakError, MusterError, RejectedError } from "./errors.js"
import { type ClusterEvent, type ClusterEventBody, type ClusterEventType, Emitter, type EventOf } from "./events.js"
import { beginClosing, lateError, removeLeftovers, zeroOrLate } from "./fleet/closing.js"
import type { Fleet } from "./fleet/context.js"
import { defaultJournalDirectory } from "./fleet/journal.js"
import { withdrawWaiting } from "./fleet/launch.js"
import { type ClusterSummary, listClusters } from "./fleet/listing.js"
import { openFleet, randomName } from "./fleet/open.js"
import { Passes } from "./fleet/passes.js"
import { type ClusterPlan, planTargets } from "./fleet/preview.js"
import { type Receipt, receiptOf } from "./fleet/receipt.js"
import { type Loop, startLoop } from "./fleet/reconcile.js"
import { Scaling } from "./fleet/scaling.js"
import type { ScaleResult } from "./fleet/target.js"
import { type Worker, workerOf } from "./fleet/worker.js"
import { type ClusterSpec, describesWorkers, type ResolvedSpec, resolveSpec } from "./spec.js"
import {
  type AttachSpec,
  type CloseOptions,
  type ListSpec,
  resolveAttach,
  resolveClose,
  resolveList,
  resolveScale,
  type ScaleOptions,
  type ScaleTarget,
} from "./verbs.js"

/** For tests, and for those who must. */
export interface ClusterOptions {
  /** The machine's own by default. */
  readonly clock?: Clock
  /** Fixes the cluster's random choices. */
  readonly seed?: number
  /** The directory of the launch journal, by default in the user's state directory; `false`: none is kept. */
  readonly journal?: string | false
}

/** One group of a cluster. */
export interface Group {
  readonly name: string
  readonly desired: number
  readonly workers: readonly Worker[]
  /** Scales this group alone. */
  scale(count: number, options?: ScaleOptions): Promise<ScaleResult>
}

/**
 * A cluster of workers on one or more clouds.
 *
 * Making one calls no cloud: the first `scale` or `plan` does. While it is open it keeps its target (what is lost or
 * interrupted is replaced) and keeps the process alive; `close` ends everything, `detach` lets go of it.
 *
 * @example
 * const cluster = new Cluster({ provider: "local", startup: "exec ./worker" })
 * try {
 *   await cluster.scale(4)
 * } finally {
 *   await cluster.close()
 * }
 */
export class Cluster implements AsyncDisposable {
  readonly name: string
  readonly #spec: ResolvedSpec
  readonly #clock: Clock
  readonly #journal: string | false
  readonly #mode: "create" | "attach"
  readonly #describesWorkers: boolean
  readonly #emitter = new Emitter()
  readonly #passes = new Passes()
  readonly #abort = new AbortController()
  #opening: Promise<Fleet> | undefined
  #fleet: Fleet | undefined
  #loop: Loop | undefined
  #scaling: Scaling | undefined
  #attached = false
  #ended: Error | undefined
  #closing: Promise<Receipt> | undefined

  /**
   * @throws SpecError with all that is wrong with the spec, but for what only a named provider knows (its regions, types
   * and options): that rejects the first `scale` or `plan`.
   */
  constructor(spec: ClusterSpec, options: ClusterOptions = {}) {
    this.#spec = resolveSpec(spec)
    const clock = options.clock ?? systemClock
    this.#clock = options.seed === undefined ? clock : seededClock(clock, options.seed)
    this.#journal = options.journal ?? defaultJournalDirectory()
    this.#mode = attaching.has(spec) ? "attach" : "create"
    this.#describesWorkers = describesWorkers(spec)
    // Every request under way listens to it: hundreds are no leak.
    setMaxListeners(0, this.#abort.signal)
    this.name = this.#spec.name ?? randomName(this.#clock)
  }

  /**
   * Connects to a cluster that lives, by its name and tags: its workers come back, and disposing of the returned object
   * leaves them alone. To launch more of a group, give the fields of its spec as well.
   *
   * @throws MusterError when nothing carries the name's tags. @throws OwnershipError when two clusters do.
   */
  static async attach(name: string, spec: AttachSpec, options: ClusterOptions = {}): Promise<Cluster> {
    const resolved = resolveAttach(name, spec)
    attaching.add(resolved)
    const cluster = new Cluster(resolved, options)
    await cluster.#open()
    return cluster
  }

  /** The clusters that live at a provider, from tags alone. */
  static list(spec: ListSpec, options: Pick<ClusterOptions, "clock"> = {}): Promise<readonly ClusterSummary[]> {
    return listClusters(resolveList(spec), options.clock ?? systemClock)
  }

  /**
   * Sets how many workers there should be, and waits for them. May be called again at any time: the later target counts.
   *
   * @param target a number, or one for each group.
   * @returns when the target runs; or when every offer was tried, or `timeout` is reached (10 minutes by default, longer
   * where the cloud's limits need it), and at least `minimum` run (the whole target by default).
   * @throws ShortfallError when fewer run, with reasons that add up. `desired` stays, and the cluster goes on trying, unless
   * `ifShort` says otherwise.
   * @throws TimeoutError when zero is not confirmed in time. @throws AuthError, RejectedError, SpecError, OwnershipError,
   * JournalError when trying on cannot help. @throws the signal's reason: then `desired` is what exists or is on its way.
   */
  async scale(target: ScaleTarget, options: ScaleOptions = {}): Promise<ScaleResult> {
    this.#checkOpen()
    // What can be checked without the cloud is refused before it is asked anything.
    resolveScale(target, options, this.#groupNames(target))
    const fleet = await this.#open()
    this.#checkOpen()
    const scale = resolveScale(target, options, [...fleet.groups.keys()])
    if (this.#scaling === undefined) throw new RejectedError(`cluster "${this.name}" is not open`)
    return this.#scaling.scale(scale, () => this.close())
  }

  /** What a target would do: the launch calls, the offers in order, the price per hour, the time the limits need. */
  async plan(target: ScaleTarget): Promise<ClusterPlan> {
    this.#checkOpen()
    resolveScale(target, {}, this.#groupNames(target))
    const fleet = await this.#open()
    const { targets } = resolveScale(target, {}, [...fleet.groups.keys()])
    return planTargets(fleet, targets)
  }

  /** The workers that are, or may be, there. */
  get workers(): readonly Worker[] {
    return this.#fleet?.roster.living().map(workerOf) ?? []
  }

  /** @throws SpecError when there is no such group. */
  group(name: string): Group {
    resolveScale({ [name]: 0 }, {}, this.#groupNames({ [name]: 0 }))
    const workers = () => this.workers.filter((worker) => worker.group === name)
    const desired = () => this.#fleet?.groups.get(name)?.desired ?? 0
    const scale = (count: number, options?: ScaleOptions) => this.scale({ [name]: count }, options)
    return {
      name,
      scale,
      get workers() {
        return workers()
      },
      get desired() {
        return desired()
      },
    }
  }

  /** All events from now on, until the cluster is closed or detached. */
  events(): AsyncGenerator<ClusterEvent> {
    return this.#emitter.events()
  }

  /** Calls `listener` for each event of a type, or of every type with "*"; returns what ends that. */
  on<T extends ClusterEventType>(type: T, listener: (event: EventOf<T>) => void): () => void
  on(type: "*", listener: (event: ClusterEvent) => void): () => void
  on(type: ClusterEventType | "*", listener: (event: never) => void): () => void {
    return this.#emitter.on(type as "*", listener as (event: ClusterEvent) => void)
  }

  /**
   * Ends everything: the terminate calls for all known workers go out at once, and it returns when the cloud has confirmed
   * that nothing is left. Calling it again returns the same receipt.
   *
   * @param options.timeout 15 minutes by default.
   * @throws LeakError when something could not be confirmed gone; `receipt.leaked` names it.
   */
  close(options: CloseOptions = {}): Promise<Receipt> {
    const timeoutMs = resolveClose(options)
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  /** Lets go of the cluster: its workers go on, nothing is watched or replaced, and the process may end. */
  async detach(): Promise<void> {
    if (this.#ended !== undefined) return
    this.#ended = new RejectedError(`cluster "${this.name}" is detached; use Cluster.attach to hold it again`)
    const fleet = await this.#opening?.catch(() => undefined)
    if (fleet === undefined) return
    this.#scaling?.reject(new MusterError(`cluster "${this.name}" was detached while this waited; its instances go on`))
    for (const name of fleet.groups.keys()) withdrawWaiting(fleet, name)
    await this.#stop(fleet, this.#ended)
    await fleet.journal.close()
  }

  /** Closes a cluster that this object made; detaches from one that lived before. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#attached) await this.detach()
    else await this.close()
  }

  /** Detached, taken over, or closed. */
  #checkHeld(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  #checkOpen(): void {
    this.#checkHeld()
    if (this.#closing !== undefined)
      throw new RejectedError(`cluster "${this.name}" is closed; make a new one to scale again`)
  }

  /** The groups as far as they are known: those of an attached cluster only once it was looked at. */
  #groupNames(target: ScaleTarget): readonly string[] {
    if (this.#fleet !== undefined) return [...this.#fleet.groups.keys()]
    if (this.#mode === "attach" && typeof target !== "number") return Object.keys(target)
    return this.#spec.groups.map((group) => group.name)
  }

  #open(): Promise<Fleet> {
    this.#opening ??= this.#openOnce().catch((error: unknown) => {
      // What failed may be mended: the next call tries again.
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openOnce(): Promise<Fleet> {
    const { fleet, attached } = await openFleet(this.name, this.#spec.name !== undefined, this.#spec, {
      clock: this.#clock,
      journal: this.#journal,
      signal: this.#abort.signal,
      mode: this.#mode,
      describesWorkers: this.#describesWorkers,
      emit: (event) => this.#emit(event),
      wake: () => this.#loop?.wake(),
      disown: (error) => this.#disown(error),
    })
    this.#fleet = fleet
    this.#attached = attached
    this.#scaling = new Scaling(fleet, this.#passes)
    this.#loop = startLoop(fleet, (plans, error) => this.#passes.tell(plans, error))
    this.#loop.wake()
    return fleet
  }

  #emit(body: ClusterEventBody): void {
    if (this.#emitter.isHeard) this.#emitter.emit({ at: this.#clock.now(), cluster: this.name, ...body })
  }

  /** Another process owns the cluster: stop, and leave its instances alone. */
  #disown(error: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = error
    this.#scaling?.reject(error)
    const fleet = this.#fleet
    if (fleet === undefined) return
    for (const name of fleet.groups.keys()) withdrawWaiting(fleet, name)
    void this.#stop(fleet, error).then(() => fleet.journal.close())
  }

  async #stop(fleet: Fleet, reason: Error): Promise<void> {
    // Launches on the wire are awaited to their own deadline: what they make must be in the journal, not only in the cloud.
    const sent = () => fleet.roster.openLaunches().some((launch) => launch.state === "sent")
    while (sent()) await this.#clock.sleep(fleet.providers[0]?.limits.look.firstMs ?? 0)
    this.#abort.abort(reason)
    await this.#loop?.stop()
    this.#emitter.end()
  }

  async #close(timeoutMs: number): Promise<Receipt> {
    const fleet = this.#fleet ?? (await this.#opening?.catch(() => undefined))
    if (fleet === undefined) return receiptOf(this.name, [], this.#clock.now(), [])
    this.#checkHeld()
    this.#scaling?.supersede(() => true)
    beginClosing(fleet)
    const ends = await zeroOrLate(fleet, this.#passes, timeoutMs)
    this.#checkHeld()
    const left = ends.length > 0 ? [] : await removeLeftovers(fleet)
    const receipt = receiptOf(this.name, [...fleet.roster.workers.values()], this.#clock.now(), left)
    this.#emit({ type: "closed", instances: receipt.instances.length, leaked: receipt.leaked.length + left.length })
    const isClean = ends.length === 0 && left.length === 0
    this.#ended = new RejectedError(`cluster "${this.name}" is closed; make a new one to scale again`)
    this.#abort.abort(this.#ended)
    await this.#loop?.stop()
    await (isClean ? fleet.journal.discard() : fleet.journal.close())
    this.#emitter.end()
    if (!isClean) throw leakError(this.name, timeoutMs, ends, receipt)
    return receipt
  }
}

/** Specs that `attach` made: the constructor's own signature stays that of a new cluster. */
const attaching = new WeakSet<ClusterSpec>()

function leakError(name: string, timeoutMs: number, ends: readonly string[], receipt: Receipt): LeakError<Receipt> {
  const ids = receipt.leaked.map((row) => `${row.id} (${row.provider} ${row.zone}, ${row.finalState})`)
  const named = [...ids, ...receipt.leftovers]
  const late =
    ends.length > 0 ? lateError(name, timeoutMs, ends).message : `closing "${name}": not everything could be removed`
  return new LeakError(
    `${late}; may still cost money: ${named.join(", ") || "what those launch calls may have made"}`,
    { receipt },
  )
}

/**
 * Makes a cluster, runs `work` with it, and closes it whatever happens. When both fail, the error of `work` is thrown, with
 * that of closing as its `closeError`.
 */
export async function withCluster<T>(
  spec: ClusterSpec,
  work: (cluster: Cluster) => Promise<T>,
  options: ClusterOptions = {},
): Promise<T> {
  const cluster = new Cluster(spec, options)
  const [outcome] = await Promise.allSettled([Promise.resolve(cluster).then(work)])
  const [closed] = await Promise.allSettled([cluster.close()])
  if (outcome.status === "rejected") {
    const error: unknown = outcome.reason
    if (closed.status === "rejected" && error instanceof Error) {
      Object.defineProperty(error, "closeError", { value: closed.reason })
    }
    throw error
  }
  if (closed.status === "rejected") throw closed.reason as Error
  return outcome.value
}
