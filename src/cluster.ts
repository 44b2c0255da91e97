/// <reference lib="esnext.disposable" preserve="true" />
/** Cluster: the object a user holds. Whoever compiles against its types has, by the line above, what `await using` needs. */
import { type Clock, systemClock, wallAheadMs } from "./calls/clock.js"
import { seededClock } from "./calls/derived-clocks.js"
import { within } from "./calls/within.js"
import { isNameTaken, OwnershipError, RejectedError, TimeoutError } from "./errors.js"
import { type ClusterEvent, type ClusterEventBody, type ClusterEventType, Emitter, type EventOf } from "./events.js"
import type { Closed } from "./fleet/closing.js"
import type { Explanation } from "./fleet/explain/explanation.js"
import { inWords } from "./fleet/explain/explain-text.js"
import { randomName } from "./fleet/state/names.js"
import type { ClusterPlan } from "./fleet/preview/cluster-plan.js"
import type { Receipt } from "./fleet/reports/receipt-types.js"
import type { ClusterList } from "./fleet/remains/listing.js"
import type { Remain, SweepRow } from "./verbs/removals.js"
import type { ScaleResult } from "./fleet/scaling/target.js"
import type { Worker } from "./fleet/reports/worker.js"
import { type Group, groupOf } from "./session/group.js"
import { checkUntil } from "./money/budget.js"
import { type ClusterCost, NO_COST } from "./money/cost.js"
import { Opening } from "./session/opening.js"
import { checkScript } from "./spec/script-check.js"
import type { Session } from "./session/session.js"
import { type ClusterFields, type ClusterSpec, resolveSpec } from "./spec.js"
import type { ResolvedSpec } from "./spec/resolved.js"
import {
  type AttachSpec,
  closedError,
  type CloseOptions,
  type ClusterOptions,
  detachedError,
  type DetachOptions,
  type ListSpec,
  onlyWatches,
  resolveAttach,
  resolveClose,
  type ResolvedDetach,
  resolveDetach,
  resolveList,
  resolveScale,
  resolveSweep,
  type ScaleOptions,
  type ScaleTarget,
  type SweepSpec,
} from "./verbs/verbs.js"
import { checkCeiling } from "./verbs/ceiling.js"
import { Yielding } from "./session/yielding.js"

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
export class Cluster<Names extends string = string> implements AsyncDisposable {
  readonly name: string
  readonly #spec: ResolvedSpec
  readonly #clock: Clock
  readonly #journal: string | false | undefined
  readonly #attaching: AttachSpec | undefined
  readonly #emitter = new Emitter()
  readonly #opening: Opening
  readonly #yielding: Yielding
  readonly #scaling = new Set<ScaleCall>()
  #ended: Error | undefined
  #closing: Promise<Receipt> | undefined
  #detaching: Promise<void> | undefined
  /** What a cluster came to that another one had the name of. */
  #finished: Promise<Receipt> | undefined

  /**
   * @throws SpecError with all that is wrong with the spec, but for what only a named provider knows (its regions, types
   * and options): that rejects the first `scale` or `plan`.
   */
  constructor(spec: ClusterSpec<Names>, options: ClusterOptions = {}) {
    this.#spec = resolveSpec(spec, checkScript)
    const { clock = systemClock, seed } = options
    checkUntil(this.#spec.budget, clock.now() + wallAheadMs(clock))
    this.#clock = seed === undefined ? clock : seededClock(clock, seed)
    this.#journal = options.journal
    this.#attaching = attaching.get(spec)
    this.name = this.#spec.name ?? randomName(this.#clock)
    this.#opening = new Opening(this.name, this.#clock, (abort) => this.#open(abort))
    this.#yielding = new Yielding({
      clock: this.#clock,
      opening: this.#opening,
      joins: () => this.#isConnecting && this.#ended === undefined && this.#closing === undefined,
      onEnd: (error, closed) => this.#yielded(error, closed),
    })
  }

  get #session(): Session | undefined {
    return this.#opening.session
  }

  /**
   * Connects to a cluster that lives, by its name and tags: workers, groups, prices, deadline, and what its groups are where
   * the cloud has room to keep it. Disposing of the returned object leaves the workers alone. It watches until the first
   * `scale` or `close`, which takes the cluster over from whoever holds it (`takeOver`: at once, or never).
   *
   * To launch more of a group whose spec the cloud did not keep, or when there are no workers now, give its spec again; one
   * that is given counts, and `plan` says when it differs.
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
    await (await cluster.#opening.wait("attaching to")).findPrices()
    return cluster
  }

  /**
   * Removes what nobody needs any more, from tags alone: what has outlived its cluster's deadline or its lease, and what is
   * left of clusters that are gone. What a living process may hold is only touched where `name` or `olderThan` says so.
   *
   * A cluster that is named is gone for good when every row says so: what a launch call may still make is waited for, as this
   * machine's journal tells; where that tells nothing, a cluster with set-up and no instance, or with an instance that was
   * launched lately, is looked at to the end of the cloud's window. `now` skips the wait.
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
    const call: ScaleCall = { result: undefined }
    this.#scaling.add(call)
    call.result = this.#scale(target, options).finally(() => this.#scaling.delete(call))
    return call.result
  }

  async #scale(target: ScaleTarget, options: ScaleOptions): Promise<ScaleResult> {
    this.#checkOpen()
    const begunAt = this.#clock.now()
    // What can be checked without the cloud is refused before it is asked anything.
    const { targets, timeoutMs } = resolveScale(target, options, this.#groupNames(target))
    checkCeiling(this.#spec.maxWorkers, targets)
    for (;;) {
      try {
        return await this.#scaleOnce(target, options, begunAt)
      } catch (error) {
        if (!isNameTaken(error)) throw error
        // What was made under the name is ended first; then it is the other cluster that is scaled.
        const leftMs = timeoutMs === undefined ? undefined : Math.max(0, begunAt + timeoutMs - this.#clock.now())
        await this.#yielding.wait(leftMs, options.signal)
        this.#checkOpen()
      }
    }
  }

  async #scaleOnce(target: ScaleTarget, options: ScaleOptions, begunAt: number): Promise<ScaleResult> {
    const { timeoutMs } = resolveScale(target, options, this.#groupNames(target))
    const session = await this.#opening.wait("scaling", timeoutMs, options.signal)
    this.#checkHeld()
    const scale = { ...resolveScale(target, options, session.groups()), begunAt }
    options.signal?.throwIfAborted()
    if (this.#attaching?.takeOver === false) throw onlyWatches(this.name)
    return session.scale(scale, {
      checkHeld: () => this.#checkHeld(),
      isClosing: () => this.#closing !== undefined,
      close: () => this.close(),
    })
  }

  /** The cluster is closed, or let go: who has not awaited a `scale` that this ends must not hear of it as of a mistake. */
  #excuseScaling(): void {
    for (const { result } of this.#scaling) result?.catch(() => {})
  }

  /**
   * What a target would do: the launch calls, the offers in order, the price per hour, quotas, the time the limits need.
   * Makes nothing. When nothing goes wrong `scale` does exactly that; `String(plan)` is a table of it.
   *
   * @throws SpecError, BudgetError, AuthError, RejectedError, OwnershipError, JournalError, TransientError or TimeoutError: what
   * `scale` would throw before its first launch call.
   */
  plan(target: ScaleTarget<Names>): Promise<ClusterPlan>
  async plan(target: ScaleTarget): Promise<ClusterPlan> {
    this.#checkOpen()
    resolveScale(target, {}, this.#groupNames(target))
    const session = await this.#opening.wait("planning")
    return session.plan(resolveScale(target, {}, session.groups()).targets)
  }

  /**
   * What there is, what is missing and why, what is waited for and what comes next, with the clouds' own words. Asks no
   * cloud; `String(explanation)` is a page of text.
   */
  explain(): Explanation {
    const { lastAnswer: opening } = this.#opening
    const nothing = { cluster: this.name, at: this.#clock.now(), groups: [], unavailable: [] }
    return this.#session?.explain() ?? inWords({ ...nothing, ...(opening === undefined ? {} : { opening }) })
  }

  /** The workers that are, or may be, there. */
  get workers(): readonly Worker[] {
    return this.#session?.workers() ?? []
  }

  /** What the cluster has cost so far, and what it costs per hour now: an estimate from the prices known at each launch. */
  cost(): ClusterCost {
    return this.#session?.cost() ?? NO_COST
  }

  /** @throws SpecError when there is no such group. */
  group(name: Names): Group {
    resolveScale({ [name]: 0 }, {}, this.#groupNames({ [name]: 0 }))
    return groupOf(this, name, () => this.#session?.desired(name) ?? 0)
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
   * @throws TimeoutError when it was closed before, with more time: that goes on.
   * @throws OwnershipError when another process has the cluster, or it was attached only to be watched; RejectedError when it was
   * detached.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when a cluster that `existing: "connect"` names could not be
   * looked at: it may be closed again.
   * @throws SpecError when the options are wrong: once everything is gone all the same.
   */
  close(options: CloseOptions = {}): Promise<Receipt> {
    const { timeoutMs, mistake } = resolveClose(options)
    if (this.#attaching?.takeOver === false) return Promise.reject(onlyWatches(this.name))
    this.#excuseScaling()
    const before = this.#closing
    this.#closing ??= this.#close(timeoutMs)
    const closing = before === undefined ? this.#closing : this.#closedIn(before, timeoutMs)
    return mistake === undefined ? closing : closing.then(() => Promise.reject(mistake as Error))
  }

  /**
   * What the cloud shows of this cluster, from its tags alone: instances, and everything else that was made for it. An empty
   * answer proves that nothing is left, after `close` too.
   *
   * @throws SpecError when a named provider refuses its options.
   * @throws AuthError, RejectedError, TransientError or TimeoutError when a place could not be looked at.
   */
  async audit(): Promise<readonly Remain[]> {
    const { remainsOf, resolveProviders } = await deferred(this.#clock)
    const providers = this.#session?.fleet.providers ?? (await resolveProviders(this.#spec, this.#clock))
    return remainsOf(providers, { cluster: this.name, owner: this.#spec.owner }, this.#clock)
  }

  /**
   * Lets go of the cluster: its workers go on, nothing is watched or replaced, and the process may end. What is on the wire is
   * awaited, so that whoever comes next finds in the journal what it made; nothing more is begun.
   *
   * @param options.timeout 5 minutes by default.
   * @throws TimeoutError that says what was still open, or the reason of `options.signal` when that comes first: it is let go of all
   * the same. A signal that was aborted before changes nothing.
   * @throws SpecError when an option is wrong: it is not let go of.
   */
  async detach(options: DetachOptions = {}): Promise<void> {
    const detaching = resolveDetach(options)
    detaching.signal?.throwIfAborted()
    if (this.#closing !== undefined) return this.#untilClosed(this.#closing, detaching)
    if (this.#ended === undefined) this.#detaching = this.#detach(detaching)
    return this.#detaching
  }

  /** What is being ended is let go of when it has ended: whoever closes it hears what came of it. */
  async #untilClosed(closing: Promise<Receipt>, { timeoutMs, signal }: ResolvedDetach): Promise<void> {
    const ended = closing.then(
      () => {},
      () => {},
    )
    const late = () => new TimeoutError(`detaching "${this.name}": it is closing, and that goes on`)
    await within(this.#clock, ended, timeoutMs, late, signal)
  }

  async #detach({ timeoutMs, signal }: ResolvedDetach): Promise<void> {
    const begunAt = this.#clock.now()
    this.#ended = new RejectedError(`cluster "${this.name}" is detached; use Cluster.attach to hold it again`)
    this.#excuseScaling()
    this.#opening.giveUp(this.#ended)
    try {
      const late = () => new TimeoutError(`detaching "${this.name}": what was asked while it was opened does not end`)
      const session = await within(this.#clock, this.#opening.outcome(), timeoutMs, late, signal)
      const leftMs = Math.max(0, begunAt + timeoutMs - this.#clock.now())
      await session?.letGo(this.#ended, detachedError(this.name), { timeoutMs: leftMs, signal })
    } finally {
      this.#emitter.end()
    }
  }

  /** Closes a cluster that this object made; detaches from one that lived before. */
  async [Symbol.asyncDispose](): Promise<void> {
    // One that is not open yet has made nothing, and may live in other hands.
    if (this.#session?.attached ?? this.#isConnecting) await this.detach()
    else await this.close()
  }

  /** What lives under the name already is this one, too. */
  get #isConnecting(): boolean {
    return this.#spec.existing === "connect"
  }

  /** Not detached, taken over, or closed. */
  #checkHeld(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  #checkOpen(): void {
    this.#checkHeld()
    if (this.#closing !== undefined) throw closedError(this.name)
  }

  /** The groups as far as they are known: those of an attached cluster only once it was looked at. */
  #groupNames(target: ScaleTarget): readonly string[] {
    if (this.#session !== undefined) return this.#session.groups()
    if (this.#attaching !== undefined && typeof target !== "number") return Object.keys(target)
    return this.#spec.groups.map((group) => group.name)
  }

  async #open(abort: AbortController): Promise<Session> {
    const { Session } = await deferred(this.#clock)
    const opening = Session.open(this.#spec, {
      name: this.name,
      isNamed: this.#spec.name !== undefined,
      clock: this.#clock,
      journal: this.#journal,
      mode: this.#attaching === undefined ? "create" : "attach",
      takeOver: this.#attaching?.takeOver ?? false,
      ended: this.#yielding.ended,
      emit: (event) => {
        this.#opening.hear(event)
        this.#emit(event)
      },
      disown: (error) => this.#disown(error),
      close: (timeoutMs) => this.close({ timeoutMs }),
      isAsked: () => this.#scaling.size > 0 || this.#closing !== undefined || this.#detaching !== undefined,
      abort,
    })
    opening.catch(({ name, message }: Error) => this.#emit({ type: "problem", error: name, message }))
    return opening
  }

  #emit(body: ClusterEventBody): void {
    if (this.#emitter.isHeard)
      this.#emitter.emit({ at: this.#clock.now() + wallAheadMs(this.#clock), cluster: this.name, ...body })
  }

  /** Another process owns the cluster: stop, and leave its instances alone. */
  #disown(error: OwnershipError): void {
    const session = this.#session
    if (isNameTaken(error) && session !== undefined && this.#ended === undefined) {
      const told = (problem: Error) => this.#emit({ type: "problem", error: problem.name, message: problem.message })
      this.#yielding.begin(session, error, told)
      return
    }
    // Nobody else has them: they are watched until they are closed, and nothing is launched any more.
    if (this.#ended !== undefined || error.gone) return
    this.#ended = error
    const told = (late: Error) => this.#emit({ type: "problem", error: late.name, message: late.message })
    const letGo = this.#session?.letGo(error, error, resolveDetach({})).catch(told)
    void letGo?.then(() => this.#emitter.end())
  }

  /** Another new cluster has the name, and all that this one had made was ended. */
  #yielded(error: OwnershipError, { receipt, error: leak }: Closed): void {
    this.#ended ??=
      leak === undefined
        ? error
        : new OwnershipError(`${error.message}; ${leak.message}`, { code: error.code, cause: leak })
    this.#finished = leak === undefined ? Promise.resolve(receipt) : Promise.reject(leak)
    this.#finished.catch(() => {})
    this.#emit({ type: "closed", instances: receipt.instances.length, leaked: receipt.leaked.length })
    this.#emitter.end()
  }

  /** What is being closed already, waited for no longer than this call was given. */
  #closedIn(closing: Promise<Receipt>, timeoutMs: number): Promise<Receipt> {
    const seconds = Math.round(timeoutMs / 1000)
    const late = () =>
      new TimeoutError(
        `closing "${this.name}": after ${seconds} s what was closed before is not gone yet; that goes on`,
      )
    return within(this.#clock, closing, timeoutMs, late)
  }

  async #close(timeoutMs: number): Promise<Receipt> {
    const begunAt = this.#clock.now()
    await this.#yielding.wait(timeoutMs).catch(() => {})
    if (this.#finished !== undefined) return this.#finished
    const session = await this.#toClose(timeoutMs)
    if (session === undefined) {
      this.#emitter.end()
      const { receiptOf } = await deferred(this.#clock)
      return receiptOf(this.name, [], this.#clock.now(), [])
    }
    this.#checkHeld()
    const { receipt, error } = await session.close(timeoutMs - (this.#clock.now() - begunAt), () => this.#checkHeld())
    this.#ended = closedError(this.name)
    await session.end(this.#ended)
    await session.endJournal(error === undefined)
    const leaked = receipt.leaked.length + receipt.leftovers.length
    this.#emit({ type: "closed", instances: receipt.instances.length, leaked })
    this.#emitter.end()
    if (error !== undefined) throw error
    return receipt
  }

  /** What there is to close: nothing where no call was made, unless what lives under the name is meant as well. */
  async #toClose(timeoutMs: number): Promise<Session | undefined> {
    if (!this.#isConnecting) {
      const late = () => closedError(this.name)
      return within(this.#clock, this.#opening.outcome(), timeoutMs, late).catch((error: Error) => {
        this.#opening.giveUp(error)
        return undefined
      })
    }
    try {
      return await this.#opening.wait("closing", timeoutMs)
    } catch (error) {
      // Nothing is known to be gone: it may be tried again.
      this.#closing = undefined
      throw error
    }
  }
}

/** A call of `scale` that has not ended. */
interface ScaleCall {
  result: Promise<ScaleResult> | undefined
}

function deferred(clock: Clock): Promise<typeof import("./session/deferred.js")> {
  return clock.busy("loading the library", import("./session/deferred.js"))
}

/** Specs that `attach` made: the constructor's own signature stays that of a new cluster. */
const attaching = new WeakMap<ClusterFields, AttachSpec>()
