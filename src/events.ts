/** What happens to a cluster, as it happens. Progress, logs, metrics and pages are subscribers of this one stream. */
import { SpecError } from "./errors.js"
import type { WorkerState } from "./fleet/lifecycle.js"
import { nearest, show } from "./input/parse.js"
import type { Action, FailureReason, Market, Scope } from "./provider.js"

/** The worker with an engine's scheduler. `absent`: it is neither there nor asked for. */
export type HeadState = "absent" | "requested" | "pending" | "running" | "ready"

export type ClusterEventBody =
  /** The target has changed. */
  | { readonly type: "target"; readonly desired: Readonly<Record<string, number>> }
  /**
   * A group follows a demand, and its target has changed for it: `wanted` is what the work wants. `ended`: it follows none any more, and
   * `why` says what ended that.
   */
  | {
      readonly type: "adapt"
      readonly group: string
      readonly target: number
      readonly wanted?: number
      readonly why: string
      readonly ended?: boolean
    }
  /** What a pass decided to start. */
  | {
      readonly type: "plan"
      readonly group: string
      readonly provider: string
      readonly region: string
      readonly count: number
      readonly instanceType: string
      readonly market: Market
      readonly calls: number
    }
  | {
      readonly type: "launch-started"
      readonly token: string
      readonly group: string
      readonly api: string
      readonly count: number
    }
  | {
      readonly type: "launch-ended"
      readonly token: string
      readonly group: string
      readonly outcome: "settled" | "unsettled" | "unknown" | "refused" | "withdrawn"
      readonly made: number
      readonly message?: string
    }
  /** `count` instances were refused for `reason`: what `scope` covers is not asked for until then. */
  | {
      readonly type: "offer-unavailable"
      readonly reason: FailureReason
      readonly count: number
      readonly scope: Scope
      readonly until: number
      readonly code: string
      readonly message: string
    }
  /** One attempt of one request. `error` is the class of what it threw. */
  | {
      readonly type: "call"
      readonly provider: string
      readonly region: string
      readonly api: string
      readonly attempt: number
      readonly ms: number
      readonly error?: string
      readonly message?: string
    }
  | {
      readonly type: "worker"
      readonly id: string
      readonly name: string
      readonly group: string
      readonly from?: WorkerState
      readonly to: WorkerState
      readonly reason?: string
    }
  /**
   * The work of a worker has ended: the step whose end it was, its exit code and, where it failed, the last lines of its output.
   * `unknown`: neither console nor tag tells how. `action` is what follows by `whenDone`, and `desired` the group's target from now
   * on. `advice` comes with the first failure of a target.
   */
  | {
      readonly type: "finished"
      readonly id: string
      readonly name: string
      readonly group: string
      readonly outcome: "success" | "failure" | "unknown"
      readonly action: Exclude<Action, "keep">
      readonly desired: number
      readonly step?: string
      readonly exitCode?: number
      readonly tail?: string
      readonly advice?: string
    }
  /**
   * A worker is ready, or is not any more (`isReady` is false): then with the check that fails, its exit code, the last lines that it has
   * written, and what follows. `wait`: nothing yet; `keep`: it is kept for looking at. `afterMs` is how long after it ran it became ready.
   */
  | {
      readonly type: "ready"
      readonly id: string
      readonly name: string
      readonly group: string
      readonly isReady: boolean
      readonly afterMs?: number
      readonly action?: "wait" | "keep" | "replace"
      readonly check?: string
      readonly exitCode?: number
      readonly tail?: string
    }
  /**
   * The boot of a worker is over: it is ready, or it `ended` before. `ms` is from its launch call until then, and `phases` says where that
   * went; they add up to it. Of workers that ran already when this process saw them first there is none.
   */
  | {
      readonly type: "boot"
      readonly id: string
      readonly name: string
      readonly group: string
      readonly provider: string
      readonly region: string
      readonly zone: string
      readonly instanceType: string
      readonly outcome: "ready" | "ended"
      readonly ms: number
      readonly phases: readonly { readonly phase: string; readonly ms: number }[]
    }
  /**
   * The head of the cluster's engine is `lost`, why, and what follows: all is ended (`close`), or another one takes its place (`restart`).
   * Or such another one answers (`restarted`), `afterMs` after the loss. `tail` is the end of its log, where it could be read.
   */
  | {
      readonly type: "head"
      readonly id: string
      readonly name: string
      readonly what: "lost" | "restarted"
      readonly message: string
      readonly action?: "close" | "restart"
      readonly afterMs?: number
      readonly tail?: string
    }
  /** By what the engine's head says, nobody has had anything to do for `idleTimeout`: all is ended. */
  | { readonly type: "idle"; readonly idleMs: number; readonly message: string }
  /** A member of an engine that is to go has let go of what it held (`hasLeft`), or had not in its time: why, says `message`. */
  | {
      readonly type: "drained"
      readonly id: string
      readonly name: string
      readonly group: string
      readonly hasLeft: boolean
      readonly afterMs: number
      readonly message?: string
    }
  | { readonly type: "termination-started"; readonly ids: readonly string[] }
  | { readonly type: "termination-ended"; readonly accepted: number; readonly failed: readonly string[] }
  /**
   * What may be spent limits the cluster. `reached`: `budget.total` or `budget.until` is, and it scales to zero; else fewer of
   * a group are launched than are wanted. `limit`: "BudgetPerHour", "BudgetTotal", "BudgetUntil", "BudgetUnpriced" or
   * "MaxWorkers".
   */
  | {
      readonly type: "budget"
      readonly group?: string
      readonly limit: string
      readonly reached: boolean
      readonly message: string
    }
  /** Something that is worth knowing and stops nothing. */
  | { readonly type: "note"; readonly group?: string; readonly message: string }
  /** Something that stops a group, or that a pass could not do. */
  | { readonly type: "problem"; readonly group?: string; readonly error: string; readonly message: string }
  | {
      readonly type: "pass"
      readonly desired: number
      readonly running: number
      /** Of those that run: all, where nothing says when they are ready. */
      readonly ready: number
      readonly pending: number
      readonly booked: number
      readonly terminating: number
      /** Of an engine: it is in none of the counts before, and its price is in the price. */
      readonly head?: HeadState
      /** USD of all that may run; `unpriced` counts the workers it leaves out. */
      readonly pricePerHour: number
      readonly unpriced: number
    }
  /**
   * How far the work of the cluster has come, `map`s that go on at the same time together: at most once a second, and when it has ended.
   * `total` is left out until it is known. `done` includes `resumed`, which an earlier run has done; `lost` are tries that ended with
   * their worker. `busy` workers have a task. `perSecond` and `leftMs` are estimates from the latest tasks that ended.
   */
  | {
      readonly type: "tasks"
      readonly read: number
      readonly total?: number
      readonly running: number
      readonly done: number
      readonly failed: number
      readonly resumed: number
      readonly lost: number
      readonly workers: number
      readonly slots: number
      readonly busy: number
      readonly perSecond?: number
      readonly leftMs?: number
    }
  /** `reason`: why it has closed by itself; absent where it was asked to. */
  | { readonly type: "closed"; readonly instances: number; readonly leaked: number; readonly reason?: string }

export type ClusterEvent = ClusterEventBody & { readonly at: number; readonly cluster: string }
export type ClusterEventType = ClusterEvent["type"]
export type EventOf<T extends ClusterEventType> = Extract<ClusterEvent, { type: T }>

/** Those there are: a listener for one that never comes would wait for ever. */
const TYPES: Readonly<Record<ClusterEventType, true>> = {
  ...{ target: true, plan: true, "launch-started": true, "launch-ended": true, "offer-unavailable": true, call: true },
  ...{ worker: true, "termination-started": true, "termination-ended": true, budget: true, note: true, problem: true },
  ...{ finished: true, ready: true, boot: true, head: true, idle: true, drained: true, pass: true, tasks: true },
  ...{ closed: true, adapt: true },
}

/** What it returns is a promise when it is an `async` function. */
type Listener = (event: ClusterEvent) => unknown

/** Events that a reader has not taken yet; the oldest go first when a reader is slower than the cluster. */
const MOST_WAITING = 10_000

export class Emitter {
  readonly #listeners = new Set<Listener>()
  #ended = false
  #endings = new Set<() => void>()

  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  /** After the end there is nothing more to hear, whatever a request that was under way then comes to. */
  emit(event: ClusterEvent): void {
    if (this.#ended) return
    for (const listener of this.#listeners) {
      try {
        const returned = listener(event)
        if (returned instanceof Promise) returned.catch(warn)
      } catch (error) {
        warn(error)
      }
    }
  }

  /** Calls `listener` for each event of a type, or for all with "*". Returns what ends that. */
  on<T extends ClusterEventType>(type: T, listener: (event: EventOf<T>) => void): () => void
  on(type: "*", listener: Listener): () => void
  on(type: ClusterEventType | "*", listener: (event: never) => void): () => void {
    checkListener(type, listener)
    const filtered: Listener = (event) =>
      type === "*" || event.type === type ? (listener as Listener)(event) : undefined
    this.#listeners.add(filtered)
    return () => void this.#listeners.delete(filtered)
  }

  /** No more events will come: ends every open iteration. */
  end(): void {
    this.#ended = true
    for (const ending of this.#endings) ending()
  }

  /** All events from now on, also those before the first is asked for, until the cluster is closed or the loop is left. */
  events(): AsyncGenerator<ClusterEvent> {
    const events = this.#events()
    // A generator does nothing until its first step.
    void events.next()
    return events as AsyncGenerator<ClusterEvent>
  }

  /** Its first step only begins to listen. */
  async *#events(): AsyncGenerator<ClusterEvent | undefined> {
    const waiting: ClusterEvent[] = []
    let wake = () => {}
    const stop = this.on("*", (event) => {
      if (waiting.push(event) > MOST_WAITING) waiting.shift()
      wake()
    })
    const ending = () => wake()
    this.#endings.add(ending)
    try {
      yield undefined
      for (;;) {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next
        if (this.#ended) return
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      stop()
      this.#endings.delete(ending)
    }
  }
}

/** @throws SpecError for what no type checker has seen. */
function checkListener(type: string, listener: unknown): void {
  const known = ["*", ...Object.keys(TYPES)]
  if (!known.includes(type)) {
    const near = nearest(String(type), known)
    const hint = near === undefined ? `use one of ${known.join(", ")}` : `did you mean "${near}"?`
    throw new SpecError([{ option: "on.type", value: type, message: `is ${show(type)}; ${hint}` }])
  }
  if (typeof listener === "function") return
  throw new SpecError([{ option: "on.listener", value: listener, message: `is ${show(listener)}; use a function` }])
}

/** A listener's mistake must not stop the one who terminates machines. */
function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
