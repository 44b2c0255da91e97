/// <reference lib="esnext.disposable" preserve="true" />
/** Cluster: the object a user holds. The line above gives a project that compiles against its types what `await using` needs. */
import { systemClock } from "./calls/clock.js"
import type { AdaptOptions, Adapting } from "./demand/types.js"
import type { ClusterEvent, ClusterEventType, EventOf } from "./events.js"
import type { Explanation } from "./fleet/explain/explanation.js"
import type { ClusterPlan } from "./fleet/preview/cluster-plan.js"
import type { Receipt } from "./fleet/reports/receipt-types.js"
import type { ClusterList } from "./fleet/leftovers/listing.js"
import type { Remain, SweepRow } from "./verbs/removals.js"
import type { Finished } from "./fleet/state/group-state.js"
import type { BootTimings } from "./ready/boot-timings.js"
import type { ScaleResult } from "./fleet/scaling/target.js"
import { bootsOf } from "./fleet/reports/boots.js"
import type { Worker } from "./fleet/reports/worker.js"
import { type Group, groupOf } from "./session/group.js"
import { type ClusterCost, NO_COST } from "./money/cost.js"
import type { ClusterFields, ClusterSpec } from "./spec.js"
import {
  type AttachSpec,
  type CloseOptions,
  type ClusterOptions,
  type DetachOptions,
  type FinishedOptions,
  type ListSpec,
  resolveAttach,
  resolveList,
  resolveSweep,
  type ScaleOptions,
  type ScaleTarget,
  type SweepSpec,
} from "./verbs/verbs.js"
import { type Adaptable, adaptIn } from "./session/adapting/adapting.js"
import { Handle } from "./session/handle.js"
import type { Working } from "./session/work/mapping.js"
import { WorkableCluster } from "./session/work/workable.js"
import { deferred } from "./session/load.js"

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
export class Cluster<Names extends string = string> extends WorkableCluster implements AsyncDisposable {
  override readonly name: string
  readonly #handle: Handle
  readonly #hasEngine: boolean

  /**
   * @throws SpecError with all that is wrong with the spec, but for what only a named provider knows (its regions, types
   * and options): that rejects the first `scale` or `plan`.
   */
  constructor(spec: ClusterSpec<Names>, options: ClusterOptions = {}) {
    super()
    this.#handle = new Handle(spec, options, attaching.get(spec))
    this.name = this.#handle.name
    this.#hasEngine = spec.engine !== undefined
  }

  /**
   * Connects to a cluster that lives, by its name and tags: workers, groups, prices, deadline, and what its groups are where
   * the cloud has room to keep it. Disposing of the returned object leaves the workers alone. It watches until the first
   * `scale` or `close`, which takes the cluster over from the process that holds it. With `takeOver: true` it does so at once,
   * with `false` never.
   *
   * To launch more of a group whose spec the cloud did not keep, or when there are no workers now, give its spec again. A
   * spec that is given counts, and `plan` says when it differs.
   *
   * @throws MusterError with code "NotFound" when nothing carries the name's tags.
   * @throws OwnershipError when two clusters carry them.
   * @throws SpecError when an option is wrong.
   * @throws AuthError, RejectedError or TransientError when no place could be looked at: what the first of them said.
   * @throws TimeoutError when that takes longer than 10 minutes.
   */
  static async attach(name: string, spec: AttachSpec, options: ClusterOptions = {}): Promise<Cluster> {
    const resolved = resolveAttach(name, spec)
    attaching.set(resolved, spec)
    const cluster = new Cluster(resolved, options)
    const session = await cluster.#handle.open("attaching to")
    if (spec.quick !== true) await session.findPrices()
    return cluster
  }

  /**
   * Removes what is no longer needed, judged by tags alone: what has outlived its cluster's deadline or its lease, and what
   * remains of clusters that are gone. What a living process may hold is only touched where `name` or `olderThan` says so.
   *
   * A cluster that is named is gone for good when every row says so: the sweep waits for what a launch call may still make, as
   * this machine's journal tells. Where the journal tells nothing, the sweep looks to the end of the cloud's window at a cluster
   * with set-up and no instance, or with an instance that was launched lately. `now` skips the wait.
   *
   * @returns what was removed, or would be with `dryRun`, or could not be (`problem` says why). A place that could not be looked
   * at is a row of kind "place" beside those of the others.
   * @throws SpecError when an option is wrong.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when no place could be looked at: what the first of them said.
   */
  static async sweep(
    spec: SweepSpec,
    options: Pick<ClusterOptions, "clock" | "journal"> = {},
  ): Promise<readonly SweepRow[]> {
    const resolved = resolveSweep(spec, options)
    const { clock = systemClock } = options
    return (await deferred(clock)).sweep(resolved, clock)
  }

  /**
   * The clusters that live at a provider, from tags alone. `failures` of the returned list names places that could not be looked
   * at: what lives there is not in it.
   *
   * @throws SpecError when an option is wrong.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when no place could be looked at: what the first of them said.
   */
  static async list(spec: ListSpec, options: Pick<ClusterOptions, "clock"> = {}): Promise<ClusterList> {
    const resolved = resolveList(spec)
    const { clock = systemClock } = options
    return (await deferred(clock)).listClusters(resolved, clock)
  }

  /**
   * Sets how many workers there should be, and waits for them. May be called again at any time: the later target counts.
   *
   * @param target a number, or one for each group.
   * @returns when the target runs; or when every offer was tried, or `timeout` is reached (10 minutes by default, longer
   * where the cloud's limits need it), and at least `minimum` run (the whole target by default).
   * @throws ShortfallError when fewer run, with reasons that add up. `desired` stays, and the cluster goes on trying, unless
   * `ifShort` says otherwise.
   * @throws SpecError when an option is wrong, the target is above `maxWorkers` or nothing that is sold fits; BudgetError when the
   * target cannot be within the budget. Both come before anything is launched, and change nothing.
   * @throws BudgetError when `budget.total` or `budget.until` is reached meanwhile.
   * @throws AuthError, RejectedError, JournalError when trying on cannot help.
   * @throws OwnershipError when another process has the cluster or its name, or it was attached only to be watched.
   * @throws TransientError when no cloud could be asked what lives under the name.
   * @throws TimeoutError when zero is not confirmed in time, or it is not known in time what lives under the name.
   * @throws RejectedError when the cluster is closed or detached; MusterError when it is detached meanwhile.
   * @throws LeakError when `ifShort` is "close", and something could not be confirmed gone.
   * @throws the signal's reason: then `desired` is what exists or is on its way.
   */
  scale(target: ScaleTarget<Names>, options?: ScaleOptions): Promise<ScaleResult>
  scale(target: ScaleTarget, options: ScaleOptions = {}): Promise<ScaleResult> {
    return this.#handle.scale(target, options)
  }

  /**
   * Waits until the work of every worker that the target asked for has ended: with the end of the last one. Each end lowers the
   * target by one, where `whenDone` says `end`.
   *
   * @param options.timeout until the cluster's deadline by default.
   * @returns how many have succeeded and failed since the target was set. One of which nothing tells how it ended has failed.
   * @throws SpecError that names `whenDone`, where workers do not end when they succeed; or when an option is wrong.
   * @throws TimeoutError that says how many have finished and what exists: the workers go on.
   * @throws ShortfallError when startups or boots failed so often that nothing more is launched.
   * @throws BudgetError or RejectedError when the budget or the deadline is reached; RejectedError when the cluster is closed or
   * detached, or this process only watches it.
   * @throws MusterError when others have ended workers on purpose, so that they are not replaced.
   * @throws AuthError, JournalError, OwnershipError or TransientError: what `scale` would throw.
   * @throws the signal's reason.
   */
  finished(options: FinishedOptions = {}): Promise<Finished> {
    return this.#handle.finished(options)
  }

  /**
   * Has a cluster, or groups of it, follow a demand: up at once, but where the demand tells how much work there is for no more than finds
   * work once it has booted; down after three readings in a row that want less, drained, those without work and the dearest first.
   * Whatever the demand answers, this goes on: an error, no number, or silence for 30 seconds leave the target as it is, and are said.
   * A second one takes the place of the first in its groups; a `scale` of a group ends it there, as closing and detaching do.
   *
   * @param options with several groups a record of them by group: `{ cpu: { maximum: 20, demand } }`.
   * @returns once it has begun, before the first reading.
   * @throws SpecError when an option is wrong, or `maximum` is missing or below `minimum`.
   * @throws OwnershipError when another process has the cluster or its name, or it was attached only to be watched.
   * @throws RejectedError when the cluster is closed or detached, or its deadline is reached; BudgetError when its budget is.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when no cloud could be asked what lives under the name.
   */
  adapt(options: AdaptOptions | Readonly<Partial<Record<Names, AdaptOptions>>>): Promise<Adapting>
  adapt(options: unknown): Promise<Adapting> {
    return adaptIn(this.reached, options)
  }

  /**
   * What a target would do: the launch calls, the offers in order, the price per hour, quotas, the time the limits need.
   * Makes nothing. When nothing goes wrong `scale` does exactly that; `String(plan)` is a table of it.
   *
   * @throws SpecError, BudgetError, AuthError, RejectedError, OwnershipError, JournalError, TransientError or TimeoutError: what
   * `scale` would throw before its first launch call.
   */
  plan(target: ScaleTarget<Names>): Promise<ClusterPlan>
  plan(target: ScaleTarget): Promise<ClusterPlan> {
    return this.#handle.plan(target)
  }

  /**
   * What there is, what is missing and why, what is waited for and what comes next, with the clouds' own words. Asks no
   * cloud; `String(explanation)` is a page of text.
   */
  explain(): Explanation {
    return this.#handle.explain()
  }

  /**
   * Where the time of boots went: for each worker that this process has launched, and together for each provider and region, and each
   * instance type where a place has several, with median, p90 and slowest of each part, and one sentence that names the largest and says
   * what shortens it. The guest's own steps are known where `ready` or `health` has somebody listen. Asks no cloud; `String(timings)`
   * is a table.
   */
  bootTimings(): BootTimings {
    const fleet = this.#handle.session?.fleet
    return bootsOf(fleet?.roster.workers ?? [], fleet?.clock.now() ?? 0)
  }

  /** The workers that are, or may be, there. */
  get workers(): readonly Worker[] {
    return this.#handle.session?.workers() ?? []
  }

  /** What the cluster has cost so far, and what it costs per hour now: an estimate from the prices known at each launch. */
  cost(): ClusterCost {
    return this.#handle.session?.cost() ?? NO_COST
  }

  /** @throws SpecError when there is no such group. */
  group(name: Names): Group {
    return groupOf(this, name, this.#handle.desiredOf(name), this.reached)
  }

  protected override get reached(): Working & Adaptable {
    return {
      name: this.name,
      clock: this.#handle.clock,
      session: () => this.#handle.session,
      opened: (signal) => this.#handle.opened(signal),
      isScaling: () => this.#handle.scaling.isAny,
      watch: (changed) => this.on("worker", changed),
      checkOpen: () => this.#handle.checkOpen(),
      checkMayChange: () => this.#handle.checkMayChange(),
      groups: () => this.#handle.groupNames(),
      hasEngine: () => this.#hasEngine,
      open: (action) => this.#handle.open(action),
    }
  }

  /** All events from now on, until the cluster is closed or detached. */
  events(): AsyncGenerator<ClusterEvent> {
    return this.#handle.emitter.events()
  }

  /** Calls `listener` for each event of a type, or of every type with "*"; returns what ends that. */
  on<T extends ClusterEventType>(type: T, listener: (event: EventOf<T>) => void): () => void
  on(type: "*", listener: (event: ClusterEvent) => void): () => void
  on(type: ClusterEventType | "*", listener: (event: never) => void): () => void {
    return this.#handle.emitter.on(type as "*", listener as (event: ClusterEvent) => void)
  }

  /**
   * Ends everything: the terminate calls for all known workers go out at once, and it returns when the cloud has confirmed
   * that nothing is left. Calling it again returns the same receipt.
   *
   * @param options.timeout 15 minutes by default.
   * @throws LeakError when something could not be confirmed gone; `receipt.leaked` names it.
   * @throws TimeoutError when it was closed before, with more time: that goes on.
   * @throws OwnershipError when another process has the cluster, or it was attached only to be watched; RejectedError when it was
   * detached.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when a cluster that `existing: "connect"` names could not be
   * looked at: it may be closed again.
   * @throws SpecError when the options are wrong: once everything is gone all the same.
   */
  close(options: CloseOptions = {}): Promise<Receipt> {
    return this.#handle.close(options)
  }

  /**
   * What the cloud shows of this cluster, from its tags alone: instances, and everything else that was made for it. An empty
   * answer proves that nothing is left, after `close` too.
   *
   * @throws SpecError when a named provider refuses its options.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when a place could not be looked at.
   */
  audit(): Promise<readonly Remain[]> {
    return this.#handle.audit()
  }

  /**
   * Lets go of the cluster: its workers go on, nothing is watched or replaced, and the process may end. Requests that were sent
   * are awaited, so that the next process finds in the journal what they made. No other request is begun.
   *
   * @param options.timeout 5 minutes by default.
   * @throws TimeoutError that says what was still open, or the reason of `options.signal` when that comes first: it is let go of all
   * the same. A signal that was aborted before changes nothing.
   * @throws SpecError when an option is wrong: it is not let go of.
   */
  detach(options: DetachOptions = {}): Promise<void> {
    return this.#handle.detach(options)
  }

  /** Closes a cluster that this object made; detaches from one that lived before. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.dispose()
  }
}

/** Specs that `attach` made: the constructor's own signature stays that of a new cluster. */
const attaching = new WeakMap<ClusterFields, AttachSpec>()
