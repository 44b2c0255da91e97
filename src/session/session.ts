/** Session: a cluster from the moment it is opened: its fleet, the loop that reconciles it, and its watchers. */
import type { Clock } from "../calls/clock.js"
import { withDeadline } from "../calls/deadline.js"
import type { ClusterEventBody } from "../events.js"
import type { History } from "../history/history.js"
import { reportIfLeftOpen } from "../exit/left-open.js"
import { closeOnExit } from "../exit/on-exit.js"
import { type Closed, closeFleet } from "../fleet/closing.js"
import { type Fleet, messageOf } from "../fleet/state/context.js"
import { explain } from "../fleet/explain/explain.js"
import type { Explanation } from "../fleet/explain/explanation.js"
import { stillRunningText, listCommandText, sizeText } from "../fleet/reports/still-running.js"
import { callsOnWire, detachTimeout } from "../fleet/ending/detaching.js"
import { deliveriesOf, type Deliveries } from "./deliveries/begin.js"
import { drainingOf, startTerminations } from "../fleet/terminate.js"
import { fenceAll } from "../fleet/targets/fence.js"
import { type BillRow, defaultJournalDirectory } from "../fleet/journal/journal.js"
import { keepLease } from "../fleet/ending/lease.js"
import { pricesWithin } from "../fleet/offers/prices.js"
import { acquire } from "../fleet/opening/acquire.js"
import { openFleet } from "../fleet/opening/open.js"
import type { OpenOptions } from "../fleet/opening/options.js"
import { Passes } from "../fleet/pass/passes.js"
import { planTargets } from "../fleet/preview/preview.js"
import type { ClusterPlan } from "../fleet/preview/cluster-plan.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import { type Loop, startLoop } from "../fleet/loop.js"
import { endRequests } from "../exit/requests.js"
import { Finishing, type FinishedWait } from "../fleet/scaling/finishing.js"
import { workerGroups } from "../fleet/state/engine/head.js"
import type { Finished } from "../fleet/state/group-state.js"
import { type BegunScale, withinTimeout, Scaling } from "../fleet/scaling/scaling.js"
import { setTargets } from "../fleet/targets/set-targets.js"
import { billRows, costNow, takeBills } from "../fleet/spending/spending.js"
import { resultOf, type ScaleResult } from "../fleet/scaling/target.js"
import { type Worker, workerOf } from "../fleet/reports/worker.js"
import { historyFor } from "./logs/history-for.js"
import { keepLogs, type WorkerLogs } from "./logs/kept.js"
import type { ClusterCost } from "../money/cost.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import { ahead, checkEngine } from "./engine/ahead.js"
import { followWorkers } from "./engine/begin.js"
import { closedError, type ResolvedClose, type ResolvedDetach } from "../verbs/verbs.js"

type CloseTime = Pick<ResolvedClose, "timeoutMs" | "drainMs">

export interface SessionOptions extends Omit<OpenOptions, "signal" | "wake" | "journal"> {
  readonly name: string
  /** The user chose the name. */
  readonly isNamed: boolean
  readonly clock: Clock
  /** The directory of the launch journal; false: none is kept. */
  readonly journal?: string | false | undefined
  readonly emit: (event: ClusterEventBody) => void
  /** Closes the whole cluster; called when the process ends. */
  readonly close: (timeoutMs: number) => Promise<Receipt>
  /** Aborts all requests to the cloud. */
  readonly abort: AbortController
}

/** What a verb needs of its cluster. */
export interface VerbContext {
  /** Throws when the cluster was detached, or another process owns it. */
  readonly checkOwned: () => void
  readonly isClosing: () => boolean
  readonly close: () => Promise<unknown>
}

export class Session {
  readonly fleet: Fleet
  /** The cluster existed before: disposing of it leaves it alone. */
  readonly attached: boolean
  readonly #scaling: Scaling
  readonly #finishing: Finishing
  readonly #passes = new Passes()
  readonly #abort: AbortController
  readonly #loop: Loop
  readonly #watchers: readonly (() => void)[]
  readonly #history: History | undefined
  readonly #logs: WorkerLogs
  readonly #deliveries: Deliveries | undefined
  /** Called at each `wake`. */
  #onWake = () => {}

  private constructor(
    opened: {
      readonly fleet: Fleet
      readonly attached: boolean
      readonly abort: AbortController
      readonly history: History | undefined
      readonly logs: WorkerLogs
      readonly deliveries: Deliveries | undefined
    },
    watches: readonly (() => void)[],
  ) {
    this.fleet = opened.fleet
    this.attached = opened.attached
    this.#abort = opened.abort
    this.#watchers = watches
    this.#history = opened.history
    this.#logs = opened.logs
    this.#deliveries = opened.deliveries
    this.#scaling = new Scaling(this.fleet, this.#passes)
    this.#finishing = new Finishing(this.fleet, this.#passes)
    this.#loop = startLoop(this.fleet, (plans, error) => this.#passes.tell(plans, error))
    followWorkers(this.fleet, this.#passes)
  }

  static async open(spec: ResolvedSpec, options: SessionOptions): Promise<Session> {
    const { name, isNamed, close, hasPendingCalls, abort } = options
    let session: Session | undefined
    let logs: WorkerLogs | undefined
    let deliveries: Deliveries | undefined
    const wake = (withinMs?: number) => session?.wake(withinMs)
    const { journal = defaultJournalDirectory() } = options
    const history = journal === false ? undefined : historyFor(journal, options)
    const emit = (event: ClusterEventBody) => {
      history?.note(event)
      options.emit(event)
      logs?.note(event)
      deliveries?.note(event)
    }
    const opened = await openFleet(name, isNamed, spec, { ...options, emit, journal, signal: abort.signal, wake })
    const { fleet } = opened
    history?.begin(fleet)
    logs = keepLogs(fleet, journal, spec.keepLogs)
    const size = () => sizeText(fleet)
    const listCommand = () => listCommandText(fleet)
    const isElsewhere = journal !== false && journal !== defaultJournalDirectory()
    const leftRunning = () => stillRunningText(fleet, isElsewhere ? journal : undefined)
    const requests = () => endRequests(fleet, spec, journal)
    const mayHaveResources = () => fleet.mayHaveMadeAt.size > 0
    const isAwaited = () => hasPendingCalls() || [...fleet.groups.values()].some((one) => one.adapting !== undefined)
    const watches = [
      keepLease(fleet),
      ...(spec.closeOnExit
        ? [closeOnExit({ name, size, listCommand, close, requests, mayHaveResources, leftRunning })]
        : []),
      ...(fleet.clock.isReal
        ? [reportIfLeftOpen({ name, leftRunning, hasPendingCalls: isAwaited, closesOnExit: spec.closeOnExit })]
        : []),
    ]
    deliveries = await deliveriesOf(fleet)
    session = new Session({ ...opened, abort, history, logs, deliveries }, watches)
    wake()
    return session
  }

  /** Sets a target and waits for it; takes the cluster over first when another process may hold it. */
  async scale(scale: BegunScale, { checkOwned, isClosing, close }: VerbContext): Promise<ScaleResult> {
    if (isClosing()) return resultOf(this.fleet, scale, true)
    await withinTimeout(
      this.fleet,
      scale,
      acquire(this.fleet, scale.targets),
      "it could not be taken over from whoever held it",
    )
    checkOwned()
    if (this.fleet.engine !== undefined)
      await withinTimeout(this.fleet, scale, ahead(this.fleet, scale.targets), "its engine was not checked")
    // Closing is the later target.
    if (isClosing()) return resultOf(this.fleet, scale, true)
    return this.#scaling.scale(scale, close)
  }

  /** Resolves when all that the targets asked for have finished. */
  finished(wait: FinishedWait): Promise<Finished> {
    return this.#finishing.wait(wait)
  }

  /** A call of `scale` has ended: what waits for the end of all work looks again. */
  scaleEnded(): void {
    this.#finishing.recheck()
  }

  async plan(targets: ReadonlyMap<string, number>): Promise<ClusterPlan> {
    await checkEngine(this.fleet, targets)
    return planTargets(this.fleet, targets)
  }

  explain(): Explanation {
    return explain(this.fleet)
  }

  cost(): ClusterCost {
    return costNow(this.fleet, this.fleet.clock.now())
  }

  /** Reads the prices of workers that another process launched. */
  async findPrices(): Promise<void> {
    await pricesWithin(this.fleet)
  }

  workers(): readonly Worker[] {
    return this.fleet.roster.living().map(workerOf)
  }

  groups(): readonly string[] {
    return workerGroups(this.fleet).map(([name]) => name)
  }

  desired(group: string): number {
    return this.fleet.groups.get(group)?.desired ?? 0
  }

  /** Asks for another pass: at once, or within so many milliseconds. */
  wake(withinMs?: number): void {
    this.#onWake()
    this.#loop.wake(withinMs)
  }

  /** Ends all instances and resources of the cluster, and returns the outcome. @param reason why it ends by itself. */
  async close(within: CloseTime, checkOwned: () => void, reason?: Error): Promise<Closed> {
    if (reason === undefined) this.#scaling.supersede(() => true)
    else this.#scaling.reject(reason)
    this.#finishing.reject(reason ?? closedError(this.fleet.owner.cluster))
    return this.#closed(await closeFleet(this.fleet, this.#passes, within, checkOwned))
  }

  #closed(closed: Closed): Closed {
    const { instances, leaked, leftovers } = closed.receipt
    this.#history?.note({ type: "closed", instances: instances.length, leaked: leaked.length + leftovers.length })
    return closed
  }

  /** The targets of its groups. */
  targets(): ReadonlyMap<string, number> {
    return new Map([...this.fleet.groups].map(([name, { desired }]) => [name, desired]))
  }

  /** Takes over targets and bills from a cluster of this process that had another uid. */
  async resume(targets: ReadonlyMap<string, number>, bills: readonly BillRow[]): Promise<void> {
    const { fleet } = this
    takeBills(fleet, bills)
    const known = new Map([...targets].filter(([name]) => fleet.groups.has(name)))
    if ([...known.values()].every((count) => count === 0)) return
    await acquire(fleet, known)
    setTargets(fleet, known)
    fleet.wake()
  }

  /** Ends all instances, because another cluster has the name; calls that wait for a target are rejected with `error`. */
  async yieldName(error: Error, timeoutMs: number): Promise<Closed> {
    this.#scaling.reject(error)
    this.#finishing.reject(error)
    const closed = this.#closed(await closeFleet(this.fleet, this.#passes, { timeoutMs, drainMs: 0 }, () => {}))
    await this.end(error)
    await this.endJournal(closed.error === undefined)
    return closed
  }

  /** The cost until now, as rows for another session to continue. */
  bills(): readonly BillRow[] {
    return billRows(this.fleet)
  }

  /**
   * Leaves the instances running: nothing more is begun, and calls that wait for a target are rejected. Requests on the wire are
   * awaited to their own deadlines, because the journal must record the instances that they create.
   *
   * @throws TimeoutError that names the requests still open, or the signal's reason; the cluster is detached all the same.
   */
  async detach(reason: Error, toWaiting: Error, { timeoutMs, signal }: ResolvedDetach): Promise<void> {
    const { fleet } = this
    this.#scaling.reject(toWaiting)
    this.#finishing.reject(toWaiting)
    const begunAt = fleet.clock.now()
    const unsent = await this.#deliveries?.untilSettled(reason, timeoutMs, signal)
    const leftMs = Math.max(0, begunAt + timeoutMs - fleet.clock.now())
    // Nobody else knows that they are to go.
    startTerminations(fleet, drainingOf(fleet))
    fleet.leaving = true
    fleet.setUp.abort(toWaiting)
    fenceAll(fleet, toWaiting)
    this.#loop.halt()
    try {
      await withDeadline(fleet.clock, this.#quiet(), leftMs, () => detachTimeout(fleet, timeoutMs), signal)
    } finally {
      this.#abort.abort(reason)
      for (const end of this.#watchers) end()
      await this.#history?.end("detached")
      await this.#logs.end()
      await this.endJournal(false)
    }
    if (unsent !== undefined) throw unsent
  }

  /** Resolves once no launch or termination is on the wire. */
  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWake = () => {
        if (callsOnWire(this.fleet).length === 0) resolve()
      }
      this.#onWake()
    })
  }

  /** Closes the journal, or removes it when all has ended. An error of the disk becomes a problem event. */
  async endJournal(isClean: boolean): Promise<void> {
    const { journal, abandoned } = this.fleet
    await this.#history?.end("ended")
    await this.#logs.end()
    try {
      await (isClean ? journal.discard(abandoned) : journal.close())
    } catch (error) {
      this.fleet.emit({
        type: "problem",
        error: "JournalError",
        message: `ending the launch journal: ${messageOf(error)}`,
      })
    }
  }

  /** Stops observing, replacing and renewing. */
  async end(reason: Error): Promise<void> {
    this.#abort.abort(reason)
    await this.#loop.stop()
    for (const end of this.#watchers) end()
  }
}
