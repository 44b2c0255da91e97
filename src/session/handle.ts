/** Handle: what is behind the object that a user holds: opened at the first verb that needs a cloud, closed or let go of once. */
import { deferred } from "./load.js"
import { type Clock, systemClock, wallAheadMs } from "../calls/clock.js"
import { seededClock } from "../calls/derived-clocks.js"
import { within } from "../calls/deadline.js"
import { isNameTaken, OwnershipError, RejectedError, TimeoutError } from "../errors.js"
import { type ClusterEventBody, Emitter } from "../events.js"
import type { Closed } from "../fleet/closing.js"
import { inWords } from "../fleet/explain/explain-text.js"
import type { Explanation } from "../fleet/explain/explanation.js"
import type { ClusterPlan } from "../fleet/preview/cluster-plan.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import type { ScaleResult } from "../fleet/scaling/target.js"
import { randomName } from "../fleet/state/names.js"
import { checkUntil } from "../money/budget.js"
import { type ClusterFields, resolveSpec } from "../spec.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import { checkScript } from "../spec/script-check.js"
import { checkCeiling } from "../verbs/ceiling.js"
import type { Remain } from "../verbs/removals.js"
import {
  type AttachSpec,
  closedError,
  type CloseOptions,
  type ClusterOptions,
  detachedError,
  type DetachOptions,
  onlyWatches,
  resolveClose,
  type ResolvedDetach,
  resolveDetach,
  resolveScale,
  type ScaleOptions,
  type ScaleTarget,
} from "../verbs/verbs.js"
import { closedIn, untilClosed } from "./closing-waits.js"
import { Opening } from "./opening.js"
import type { Session } from "./session.js"
import { Yielding } from "./name-conflict.js"

export class Handle {
  readonly name: string
  readonly emitter = new Emitter()
  readonly #spec: ResolvedSpec
  readonly #clock: Clock
  readonly #journal: string | false | undefined
  readonly #attaching: AttachSpec | undefined
  readonly #opening: Opening
  readonly #yielding: Yielding
  readonly #scaling = new Set<ScaleCall>()
  #ended: Error | undefined
  #closing: Promise<Receipt> | undefined
  #detaching: Promise<void> | undefined
  /** What a cluster came to that another one had the name of. */
  #finished: Promise<Receipt> | undefined

  constructor(spec: ClusterFields, options: ClusterOptions, attach: AttachSpec | undefined) {
    this.#spec = resolveSpec(spec, checkScript)
    const { clock = systemClock, seed } = options
    checkUntil(this.#spec.budget, clock.now() + wallAheadMs(clock))
    this.#clock = seed === undefined ? clock : seededClock(clock, seed)
    this.#journal = options.journal
    this.#attaching = attach
    this.name = this.#spec.name ?? randomName(this.#clock)
    this.#opening = new Opening(this.name, this.#clock, (abort) => this.#open(abort))
    this.#yielding = new Yielding({
      clock: this.#clock,
      opening: this.#opening,
      joins: () => this.#isConnecting && this.#ended === undefined && this.#closing === undefined,
      onEnd: (error, closed) => this.#yielded(error, closed),
    })
  }

  get session(): Session | undefined {
    return this.#opening.session
  }

  /** Opens it now, and asks what its workers cost. */
  async attach(): Promise<void> {
    await (await this.#opening.wait("attaching to")).findPrices()
  }

  scale(target: ScaleTarget, options: ScaleOptions): Promise<ScaleResult> {
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
      close: () => this.close({}),
    })
  }

  /** The cluster is closed, or let go: who has not awaited a `scale` that this ends must not hear of it as of a mistake. */
  #excuseScaling(): void {
    for (const { result } of this.#scaling) result?.catch(() => {})
  }

  async plan(target: ScaleTarget): Promise<ClusterPlan> {
    this.#checkOpen()
    resolveScale(target, {}, this.#groupNames(target))
    const session = await this.#opening.wait("planning")
    return session.plan(resolveScale(target, {}, session.groups()).targets)
  }

  explain(): Explanation {
    const { lastAnswer: opening } = this.#opening
    const nothing = { cluster: this.name, at: this.#clock.now(), groups: [], unavailable: [] }
    return this.session?.explain() ?? inWords({ ...nothing, ...(opening === undefined ? {} : { opening }) })
  }

  /** The target of a group of that name. @throws SpecError when there is no such group. */
  desiredOf(group: string): () => number {
    resolveScale({ [group]: 0 }, {}, this.#groupNames({ [group]: 0 }))
    return () => this.session?.desired(group) ?? 0
  }

  close(options: CloseOptions): Promise<Receipt> {
    const { timeoutMs, mistake } = resolveClose(options)
    if (this.#attaching?.takeOver === false) return Promise.reject(onlyWatches(this.name))
    this.#excuseScaling()
    const before = this.#closing
    this.#closing ??= this.#close(timeoutMs)
    const closing = before === undefined ? this.#closing : closedIn(this.#waiting, before, timeoutMs)
    return mistake === undefined ? closing : closing.then(() => Promise.reject(mistake as Error))
  }

  async audit(): Promise<readonly Remain[]> {
    const { remainsOf, resolveProviders } = await deferred(this.#clock)
    const providers = this.session?.fleet.providers ?? (await resolveProviders(this.#spec, this.#clock))
    return remainsOf(providers, { cluster: this.name, owner: this.#spec.owner }, this.#clock)
  }

  async detach(options: DetachOptions): Promise<void> {
    const detaching = resolveDetach(options)
    detaching.signal?.throwIfAborted()
    if (this.#closing !== undefined) return untilClosed(this.#waiting, this.#closing, detaching)
    if (this.#ended === undefined) this.#detaching = this.#detach(detaching)
    return this.#detaching
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
      this.emitter.end()
    }
  }

  /** Closes a cluster that this object made; detaches from one that lived before. */
  async dispose(): Promise<void> {
    // One that is not open yet has made nothing, and may live in other hands.
    if (this.session?.attached ?? this.#isConnecting) await this.detach({})
    else await this.close({})
  }

  /** What lives under the name already is this one, too. */
  get #isConnecting(): boolean {
    return this.#spec.existing === "connect"
  }

  get #waiting() {
    return { clock: this.#clock, name: this.name }
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
    if (this.session !== undefined) return this.session.groups()
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
    opening.catch(this.#tell)
    return opening
  }

  #emit(body: ClusterEventBody): void {
    if (this.emitter.isHeard)
      this.emitter.emit({ at: this.#clock.now() + wallAheadMs(this.#clock), cluster: this.name, ...body })
  }

  readonly #tell = ({ name, message }: Error) => this.#emit({ type: "problem", error: name, message })

  /** Another process owns the cluster: stop, and leave its instances alone. */
  #disown(error: OwnershipError): void {
    const session = this.session
    if (isNameTaken(error) && session !== undefined && this.#ended === undefined) {
      this.#yielding.begin(session, error, this.#tell)
      return
    }
    // Nobody else has them: they are watched until they are closed, and nothing is launched any more.
    if (this.#ended !== undefined || error.gone) return
    this.#ended = error
    const letGo = this.session?.letGo(error, error, resolveDetach({})).catch(this.#tell)
    void letGo?.then(() => this.emitter.end())
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
    this.emitter.end()
  }

  async #close(timeoutMs: number): Promise<Receipt> {
    const begunAt = this.#clock.now()
    await this.#yielding.wait(timeoutMs).catch(() => {})
    if (this.#finished !== undefined) return this.#finished
    const session = await this.#toClose(timeoutMs)
    if (session === undefined) {
      this.emitter.end()
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
    this.emitter.end()
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
