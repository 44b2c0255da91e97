/** Handle: the state behind a `Cluster` object: it opens at the first verb that needs a cloud, and is closed or detached once. */
import { withDeadline } from "../calls/deadline.js"
import { deferred } from "./load.js"
import { type Clock, systemClock, wallAheadMs } from "../calls/clock.js"
import { seededClock } from "../calls/derived-clocks.js"
import { isNameTaken, type OwnershipError, RejectedError, TimeoutError } from "../errors.js"
import { type ClusterEventBody, Emitter } from "../events.js"
import type { Closed } from "../fleet/closing.js"
import type { Ending, Explanation } from "../fleet/explain/explanation.js"
import type { ClusterPlan } from "../fleet/preview/cluster-plan.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import type { Finished } from "../fleet/state/group-state.js"
import type { ScaleResult } from "../fleet/scaling/target.js"
import { randomName } from "../fleet/state/names.js"
import { checkUntil } from "../money/budget.js"
import { type ClusterFields, resolveSpec } from "../spec.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import { checkScript } from "../spec/script-check.js"
import { checkTargets } from "../verbs/ceiling.js"
import type { Remain } from "../verbs/removals.js"
import {
  type AttachSpec,
  closedError,
  type CloseOptions,
  type ClusterOptions,
  detachedError,
  type DetachOptions,
  type FinishedOptions,
  onlyWatches,
  resolveClose,
  type ResolvedDetach,
  resolveDetach,
  resolveFinished,
  resolveScale,
  type ScaleOptions,
  type ScaleTarget,
} from "../verbs/verbs.js"
import { auditOf } from "./audit.js"
import { closedEnding, closedIn, sessionToClose, untilClosed } from "./closing/waits.js"
import { Opening } from "./opening.js"
import { ScaleCalls } from "./scale-calls.js"
import type { Session } from "./session.js"
import { conflictError, NameConflict } from "./name-conflict.js"

export class Handle {
  readonly name: string
  readonly emitter = new Emitter()
  readonly #spec: ResolvedSpec
  readonly clock: Clock
  readonly #journal: string | false | undefined
  readonly #attaching: AttachSpec | undefined
  readonly #opening: Opening
  readonly #nameConflict: NameConflict
  readonly scaling = new ScaleCalls()
  #ended: Error | undefined
  #ending: Ending | undefined
  #closing: Promise<Receipt> | undefined
  /** Why it closes by itself. */
  #reason: Error | undefined
  #detaching: Promise<void> | undefined
  /** Of a cluster that was ended because another cluster has its name. */
  #closedAfterConflict: Promise<Receipt> | undefined

  constructor(spec: ClusterFields, options: ClusterOptions, attach: AttachSpec | undefined) {
    this.#spec = resolveSpec(spec, checkScript)
    const { clock = systemClock, seed } = options
    checkUntil(this.#spec.budget, clock.now() + wallAheadMs(clock))
    this.clock = seed === undefined ? clock : seededClock(clock, seed)
    this.#journal = options.journal
    this.#attaching = attach
    this.name = this.#spec.name ?? randomName(this.clock)
    this.#opening = new Opening(this.name, this.clock, (abort) => this.#open(abort))
    this.#nameConflict = new NameConflict({
      clock: this.clock,
      opening: this.#opening,
      joins: () => this.#joinsExisting && this.#ended === undefined && this.#closing === undefined,
      onEnd: (error, closed) => this.#onConflictEnded(error, closed),
    })
  }

  get session(): Session | undefined {
    return this.#opening.session
  }

  /** The session once it is open; undefined where nobody has asked for it. @throws why it could not be opened. */
  async opened(signal: AbortSignal | undefined): Promise<Session | undefined> {
    return this.#opening.isBegun ? this.#opening.wait("working with", undefined, signal) : undefined
  }

  /** Opens the cluster now. @param action names what for: "adapting". */
  open(action: string): Promise<Session> {
    return this.#opening.wait(action)
  }

  scale(target: ScaleTarget, options: ScaleOptions): Promise<ScaleResult> {
    return this.scaling.begin(
      () => this.#scale(target, options),
      () => this.session?.scaleEnded(),
    )
  }

  async finished(options: FinishedOptions): Promise<Finished> {
    this.checkOpen()
    const wait = { ...resolveFinished(options), begunAt: this.clock.now(), isScaling: () => this.scaling.isAny }
    return (await this.#opening.wait("waiting for the work of", wait.timeoutMs, wait.signal)).finished(wait)
  }

  async #scale(target: ScaleTarget, options: ScaleOptions): Promise<ScaleResult> {
    this.checkOpen()
    const begunAt = this.clock.now()
    // Invalid input that needs no cloud to be found is refused before the first request.
    const { targets, timeoutMs } = resolveScale(target, options, this.groupNames(target))
    checkTargets(this.#spec, targets)
    for (;;) {
      try {
        return await this.#scaleOnce(target, options, begunAt)
      } catch (error) {
        if (!isNameTaken(error)) throw error
        // The instances that this object launched are ended first. Then the call scales the other cluster.
        const leftMs = timeoutMs === undefined ? undefined : Math.max(0, begunAt + timeoutMs - this.clock.now())
        await this.#nameConflict.wait(leftMs, options.signal)
        this.checkOpen()
      }
    }
  }

  async #scaleOnce(target: ScaleTarget, options: ScaleOptions, begunAt: number): Promise<ScaleResult> {
    const { timeoutMs } = resolveScale(target, options, this.groupNames(target))
    const session = await this.#opening.wait("scaling", timeoutMs, options.signal)
    this.#checkOwned()
    const scale = { ...resolveScale(target, options, session.groups()), begunAt }
    options.signal?.throwIfAborted()
    this.checkMayChange()
    return session.scale(scale, {
      checkOwned: () => this.#checkOwned(),
      isClosing: () => this.#closing !== undefined,
      close: () => this.close({}),
    })
  }

  async plan(target: ScaleTarget): Promise<ClusterPlan> {
    this.checkOpen()
    checkTargets({ groups: this.#spec.groups }, resolveScale(target, {}, this.groupNames(target)).targets)
    const session = await this.#opening.wait("planning")
    return session.plan(resolveScale(target, {}, session.groups()).targets)
  }

  explain(): Explanation {
    return this.#opening.explain(this.#ending)
  }

  /** The target of a group of that name. @throws SpecError when there is no such group. */
  desiredOf(group: string): () => number {
    resolveScale({ [group]: 0 }, {}, this.groupNames({ [group]: 0 }))
    return () => this.session?.desired(group) ?? 0
  }

  close(options: CloseOptions): Promise<Receipt> {
    const { timeoutMs, drainMs, mistake } = resolveClose(options)
    if (this.#attaching?.takeOver === false) return Promise.reject(onlyWatches(this.name))
    this.scaling.ignoreRejections()
    const isFirst = this.#closing === undefined
    this.#closing ??= this.#close(timeoutMs, drainMs)
    const closing = isFirst ? this.#closing : closedIn(this, this.#closing, timeoutMs)
    return mistake === undefined ? closing : closing.then(() => Promise.reject(mistake as Error))
  }

  /** It closes for a reason of its own: with that calls that wait are rejected, and later ones. */
  #closeFor(reason: Error): void {
    if (this.#ended !== undefined || this.#closing !== undefined) return
    this.#reason = reason
    this.close({}).catch(this.#emitProblem)
  }

  audit(): Promise<readonly Remain[]> {
    const { clock, name } = this
    return auditOf({ clock, name, journal: this.#journal }, this.#spec, this.session?.fleet.providers)
  }

  async detach(options: DetachOptions): Promise<void> {
    const detaching = resolveDetach(options)
    detaching.signal?.throwIfAborted()
    if (this.#closing !== undefined) return untilClosed(this, this.#closing, detaching)
    if (this.#ended === undefined) this.#detaching = this.#detach(detaching)
    return this.#detaching
  }

  async #detach({ timeoutMs, signal }: ResolvedDetach): Promise<void> {
    const begunAt = this.clock.now()
    this.#ended = new RejectedError(`cluster "${this.name}" is detached; use Cluster.attach to hold it again`)
    this.#ending = { how: "let-go", message: this.#ended.message }
    this.scaling.ignoreRejections()
    this.#opening.abandon(this.#ended)
    try {
      const late = () => new TimeoutError(`detaching "${this.name}": what was asked while it was opened does not end`)
      const session = await withDeadline(this.clock, this.#opening.outcome(), timeoutMs, late, signal)
      const leftMs = Math.max(0, begunAt + timeoutMs - this.clock.now())
      await session?.detach(this.#ended, detachedError(this.name), { timeoutMs: leftMs, signal })
    } finally {
      this.emitter.end()
    }
  }

  async dispose(): Promise<void> {
    // A cluster that is not open yet has made nothing, and another process may own it.
    await ((this.session?.attached ?? this.#joinsExisting) ? this.detach({}) : this.close({}))
  }

  /** Whether a living cluster of the same name is used as this one. */
  get #joinsExisting(): boolean {
    return this.#spec.existing === "connect"
  }

  /** @throws OwnershipError where it was attached only to be watched. */
  checkMayChange(): void {
    if (this.#attaching?.takeOver === false) throw onlyWatches(this.name)
  }

  /** Throws when the cluster is detached, superseded by another owner, or closed. */
  #checkOwned(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  /** @throws why it cannot be used any more. */
  checkOpen(): void {
    this.#checkOwned()
    if (this.#closing !== undefined) throw this.#reason ?? closedError(this.name)
  }

  /** The names of the groups that are known. Those of an attached cluster are known once it was read from the cloud. */
  groupNames(target: ScaleTarget = 0): readonly string[] {
    if (this.session !== undefined) return this.session.groups()
    if (this.#attaching !== undefined && typeof target !== "number") return Object.keys(target)
    return this.#spec.groups.map((group) => group.name)
  }

  async #open(abort: AbortController): Promise<Session> {
    const { Session } = await deferred(this.clock)
    const opening = Session.open(this.#spec, {
      name: this.name,
      isNamed: this.#spec.name !== undefined,
      clock: this.clock,
      journal: this.#journal,
      mode: this.#attaching === undefined ? "create" : "attach",
      ...{ takeOver: this.#attaching?.takeOver ?? false, quick: this.#attaching?.quick === true },
      ended: this.#nameConflict.ended,
      emit: (event) => {
        this.#opening.recordAnswer(event)
        this.#emit(event)
      },
      disown: (error) => this.#onOwnershipLost(error),
      close: (timeoutMs) => this.close({ timeoutMs }),
      closeFor: (reason) => this.#closeFor(reason),
      hasPendingCalls: () => this.scaling.isAny || this.#closing !== undefined || this.#detaching !== undefined,
      abort,
    })
    opening.catch(this.#emitProblem)
    return opening
  }

  #emit(body: ClusterEventBody): void {
    if (this.emitter.isHeard)
      this.emitter.emit({ at: this.clock.now() + wallAheadMs(this.clock), cluster: this.name, ...body })
  }

  readonly #emitProblem = ({ name, message }: Error) => this.#emit({ type: "problem", error: name, message })

  /** Another process owns the cluster: stop, and leave its instances alone. */
  #onOwnershipLost(error: OwnershipError): void {
    const session = this.session
    if (isNameTaken(error) && session !== undefined && this.#ended === undefined) {
      this.#nameConflict.begin(session, error, this.#emitProblem)
      return
    }
    // No other process owns the instances: they are observed until they are closed, and nothing is launched any more.
    if (this.#ended !== undefined || error.gone) return
    this.#ended = error
    this.#ending = { how: "taken-over", message: error.message }
    const detaching = this.session?.detach(error, error, resolveDetach({})).catch(this.#emitProblem)
    void detaching?.then(() => this.emitter.end())
  }

  /** Another new cluster has the name, and all instances of this one were ended. */
  #onConflictEnded(error: OwnershipError, { receipt, error: leak }: Closed): void {
    this.#ended ??= conflictError(error, leak)
    this.#closedAfterConflict = leak === undefined ? Promise.resolve(receipt) : Promise.reject(leak)
    this.#closedAfterConflict.catch(() => {})
    this.#endClosed(receipt.instances.length, receipt.leaked.length)
  }

  #endClosed(instances: number, leaked: number): void {
    this.#ending = closedEnding(this.name, instances, leaked, this.#reason?.message)
    this.#emit({ type: "closed", instances, leaked, ...(this.#reason && { reason: this.#reason.message }) })
    this.emitter.end()
  }

  async #close(timeoutMs: number, drainMs: number): Promise<Receipt> {
    const begunAt = this.clock.now()
    await this.#nameConflict.wait(timeoutMs).catch(() => {})
    if (this.#closedAfterConflict !== undefined) return this.#closedAfterConflict
    const undo = () => {
      this.#closing = undefined
    }
    const session = await sessionToClose(this, this.#opening, { timeoutMs, joins: this.#joinsExisting, undo })
    if (session === undefined) {
      this.#ending = closedEnding(this.name, 0, 0)
      this.emitter.end()
      return (await deferred(this.clock)).receiptOf(this.name, [], this.clock.now(), [])
    }
    this.#checkOwned()
    const within = { timeoutMs: timeoutMs - (this.clock.now() - begunAt), drainMs }
    const { receipt, error } = await session.close(within, () => this.#checkOwned(), this.#reason)
    this.#ended = this.#reason ?? closedError(this.name)
    await session.end(this.#ended)
    await session.endJournal(error === undefined)
    this.#endClosed(receipt.instances.length, receipt.leaked.length + receipt.leftovers.length)
    if (error !== undefined) throw error
    return receipt
  }
}
