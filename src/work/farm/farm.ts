/**
 * Farm: gives tasks to workers until each input has its result. What a lost worker had is begun again elsewhere and counts for nothing;
 * what failed by itself is tried again as often as `retries` says.
 */
import { onAbort } from "../../calls/aborts.js"
import type { Clock } from "../../calls/clock.js"
import { TimeoutError } from "../../errors.js"
import { Crew, type StartRunner } from "./crew.js"
import { broughtFrom, type Hand, isBySignal, untilItMayBeGone } from "./hand.js"
import { Bag, type Bagged } from "./bag.js"
import { Deliveries } from "./deliveries.js"
import type { Places } from "./places.js"
import type { Outcome, RemoteFailure, Started } from "./runner.js"
import { type Entry, Source } from "./source.js"
import { taskError } from "./task-error.js"
import type { Inputs, TaskFailed, TaskSuccess, WorkState } from "../types.js"

export type Delivery<Out> = TaskSuccess<Out> | TaskFailed

/** What is kept of a result beyond this process. */
export interface Recorder<In, Out> {
  /** What an earlier run has kept for this input. */
  recall(entry: Entry<In>): { readonly value: Out; readonly worker: string; readonly seconds: number } | undefined
  /** Resolves when the result will outlive this process. */
  keep(entry: Entry<In>, success: TaskSuccess<Out>): Promise<void>
}

export interface FarmOptions<In, Out> {
  readonly inputs: Inputs<In>
  readonly places: Places
  readonly start: StartRunner
  readonly group?: string | undefined
  readonly retries: number
  readonly taskTimeoutMs: number | undefined
  readonly timeoutMs: number | undefined
  readonly errors: "throw" | "yield"
  readonly isOrdered: boolean
  /** Each worker has one task, and no more. */
  readonly isOnceAWorker?: boolean
  readonly signal: AbortSignal | undefined
  readonly record?: Recorder<In, Out> | undefined
  /** Brings what a task has left in its directory here, before its result is handed over; returns why it cannot be used. */
  readonly bring?: ((hand: Hand, index: number, files: string) => Promise<RemoteFailure | undefined>) | undefined
  /** Something has changed. */
  readonly onState?: () => void
}

/** A task that was told to end has so long; then its processes are ended. */
const GRACE_MS = 5000
/** And so long until its runner is given up. */
const SILENT_MS = 10_000
/** A task that was there when so many workers were lost without notice is taken for what ends them. */
const MOST_LOSSES = 10
/** Inputs that were read and whose results the caller has not taken: so many, or some for each slot. */
const [LEAST_OPEN, OPEN_EACH_SLOT] = [256, 4]

interface Running<In> extends Bagged {
  readonly entry: Entry<In>
  readonly hand: Hand
  readonly started: Started
  /** Why it was told to end; or it has ended by itself. */
  ended?: "cancelled" | "timeout" | "over"
}

export class Farm<In, Out> {
  readonly #options: FarmOptions<In, Out>
  readonly #clock: Clock
  readonly #source: Source<In>
  readonly #crew: Crew
  readonly #deliveries: Deliveries<Delivery<Out>>
  readonly #again: Entry<In>[] = []
  readonly #running = new Bag<Running<In>>()
  readonly #forget: (() => void)[] = []
  readonly #counts = { done: 0, failed: 0, resumed: 0, lost: 0 }
  #isOver = false
  #closing: Promise<void> | undefined

  constructor(options: FarmOptions<In, Out>) {
    this.#options = options
    this.#clock = options.places.clock
    this.#source = new Source(options.inputs)
    this.#deliveries = new Deliveries(options.isOrdered)
    this.#crew = new Crew(options.places, {
      start: options.start,
      group: options.group,
      changed: () => this.#pump(),
      fail: (error) => this.#fail(error),
    })
  }

  begin(): void {
    const { signal, timeoutMs } = this.#options
    this.#forget.push(onAbort(signal, () => this.#fail(signal?.reason)))
    if (signal?.aborted === true) {
      this.#fail(signal.reason)
      return
    }
    if (timeoutMs !== undefined)
      this.#forget.push(this.#clock.timer(timeoutMs, () => this.#fail(this.#late(timeoutMs))))
    this.#crew.begin()
    this.#pump()
  }

  /** The next result; undefined after the last. */
  async next(): Promise<Delivery<Out> | undefined> {
    const item = await this.#deliveries.next()
    // There is room for one more.
    this.#pump()
    return item
  }

  state(): WorkState {
    const { read, total } = this.#source
    const running = this.#running.size
    const { size: workers, slots, busy } = this.#crew
    return { read, ...(total === undefined ? {} : { total }), running, ...this.#counts, workers, slots, busy }
  }

  /** Cancels what runs, and lets go of the workers; resolves when no task runs any more. */
  close(): Promise<void> {
    this.#isOver = true
    this.#deliveries.end()
    this.#closing ??= this.#end()
    return this.#closing
  }

  #pump(): void {
    if (this.#isOver) return
    try {
      while (this.#startOne());
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#options.onState?.()
    const isDone = this.#source.isExhausted && this.#again.length === 0 && this.#running.size === 0
    if (!isDone) return
    this.#deliveries.end()
    void this.close()
  }

  /** @returns whether there may be another one to start. */
  #startOne(): boolean {
    const hand = this.#crew.free()
    const again = hand === undefined ? undefined : this.#again.shift()
    if (hand !== undefined && again !== undefined) return this.#run(hand, again)
    // Results of an earlier run need no worker; and of workers that have had their task none reads that there is no other.
    const { record, isOnceAWorker } = this.#options
    if (hand === undefined && record === undefined && isOnceAWorker !== true) return false
    if (hand === undefined && this.#again.length > 0) return false
    if (this.#source.read - this.#deliveries.delivered >= Math.max(LEAST_OPEN, this.#crew.slots * OPEN_EACH_SLOT))
      return false
    const entry = this.#source.take(() => this.#pump())
    if (entry === undefined) return false
    const known = record?.recall(entry)
    if (known !== undefined) {
      this.#counts.resumed += 1
      this.#deliver({ ok: true, index: entry.index, ...known, resumed: true })
    } else if (hand === undefined) this.#again.push(entry)
    else this.#run(hand, entry)
    return true
  }

  #run(hand: Hand, entry: Entry<In>): true {
    this.#crew.take(hand)
    const { index, attempt, input } = entry
    const begunAt = this.#clock.now()
    const running: Running<In> = { entry, hand, started: hand.runner.start({ index, attempt, input }), place: -1 }
    this.#running.add(running)
    const { taskTimeoutMs } = this.#options
    const cancel =
      taskTimeoutMs === undefined ? undefined : this.#clock.timer(taskTimeoutMs, () => this.#stop(running, "timeout"))
    void running.started.outcome
      .then((outcome) => {
        running.ended ??= "over"
        return this.#settle(running, outcome, begunAt)
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        cancel?.()
        running.started.release()
        this.#running.delete(running)
        this.#crew.give(hand)
        this.#pump()
      })
    return true
  }

  async #settle(running: Running<In>, outcome: Outcome, begunAt: number): Promise<void> {
    if (this.#isOver) return
    const { hand, ended } = running
    if (ended === "over" && outcome.kind === "failure" && isBySignal(outcome.failure))
      await untilItMayBeGone(hand, this.#clock)
    if (this.#isOver) return
    const seconds = (this.#clock.now() - begunAt) / 1000
    if (ended === "timeout") this.#failed(running, this.#tooLong(outcome), seconds)
    // What ends because its worker does is not to blame for it.
    else if (outcome.kind === "lost" || (outcome.kind === "failure" && hand.isLeaving))
      this.#lost(running, seconds, outcome.kind === "lost" ? outcome.why : outcome.failure.message)
    else if (outcome.kind === "failure") this.#failed(running, outcome.failure, seconds)
    else await this.#succeed(running, outcome, seconds)
  }

  #failed({ entry, hand }: Running<In>, failure: RemoteFailure, seconds: number): void {
    const { index, attempt } = entry
    if (attempt <= this.#options.retries) {
      entry.attempt += 1
      this.#again.push(entry)
      return
    }
    const error = taskError(failure, { index, attempt, worker: hand.worker })
    this.#counts.failed += 1
    if (this.#options.errors === "throw") throw error
    this.#deliver({ ok: false, index, error, worker: hand.worker, seconds }, hand)
  }

  async #succeed(running: Running<In>, outcome: Outcome & { readonly kind: "value" }, seconds: number): Promise<void> {
    const { entry, hand } = running
    const { bring, record } = this.#options
    if (bring !== undefined && outcome.files !== undefined) {
      const brought = await broughtFrom(hand, bring(hand, entry.index, outcome.files), this.#clock)
      if (brought === "lost") {
        this.#lost(running, seconds, "it was gone before its files had come")
        return
      }
      if (brought !== undefined) {
        this.#failed(running, brought, seconds)
        return
      }
    }
    const { index } = entry
    const success: TaskSuccess<Out> = { ok: true, index, value: outcome.value as Out, worker: hand.worker, seconds }
    await record?.keep(entry, success)
    if (!this.#isOver) this.#deliver(success, hand)
  }

  #lost(running: Running<In>, seconds: number, why: string): void {
    const { entry, hand } = running
    this.#counts.lost += 1
    if (!hand.hasNotice) entry.losses += 1
    if (entry.losses >= MOST_LOSSES) {
      const message = `it was lost ${entry.losses} times, each time with the worker or the program that ran it, and is given up: it may be what ends them, by the memory that it takes for example; the last time on ${hand.worker}: ${why}`
      entry.attempt = Math.max(entry.attempt, this.#options.retries + 1)
      this.#failed(running, { name: "Error", message, code: "TaskLost" }, seconds)
      return
    }
    // The oldest go first: others may wait for them, where results are ordered.
    this.#again.unshift(entry)
  }

  #deliver(delivery: Delivery<Out>, hand?: Hand): void {
    if (hand !== undefined && this.#options.isOnceAWorker === true) this.#crew.spend(hand)
    if (delivery.ok) this.#counts.done += 1
    this.#deliveries.push(delivery.index, delivery)
  }

  #stop(running: Running<In>, why: "cancelled" | "timeout"): void {
    if (running.ended !== undefined) return
    running.ended = why
    running.started.stop(false)
    const kill = this.#clock.timer(GRACE_MS, () => running.started.stop(true))
    const giveUp = this.#clock.timer(SILENT_MS, () => void running.hand.runner.close())
    void running.started.outcome.then(() => {
      kill()
      giveUp()
    })
  }

  /** Cancels the work with that error. */
  fail(error: unknown): void {
    this.#fail(error)
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#deliveries.fail(error)
    this.#closing ??= this.#end()
  }

  async #end(): Promise<void> {
    this.#source.close()
    for (const forget of this.#forget.splice(0)) forget()
    const running = this.#running.all()
    for (const one of running) this.#stop(one, "cancelled")
    await Promise.all(running.map(({ started }) => started.outcome))
    await this.#crew.close()
    this.#options.onState?.()
  }

  #late(ms: number): TimeoutError {
    const { done, running, workers } = this.state()
    const message = `the work did not end within ${ms / 1000} s: ${done} of ${this.#source.total ?? `the ${this.#source.read} that were read`} tasks are done, ${running} ran on ${workers} workers and were cancelled`
    return new TimeoutError(message, { code: "WorkTimeout" })
  }

  #tooLong(outcome: Outcome): RemoteFailure {
    const message = `did not end within ${(this.#options.taskTimeoutMs ?? 0) / 1000} s (taskTimeout), and was ended`
    const { tail, output } = outcome.kind === "failure" ? outcome.failure : {}
    const wrote = { ...(tail === undefined ? {} : { tail }), ...(output === undefined ? {} : { output }) }
    return { name: "TimeoutError", message, code: "TaskTimeout", ...wrote }
  }
}
