/** Runner: what carries out tasks on one worker, as the farm sees it: types only. */
import type { CommandOutput } from "../types.js"

/** Why a task has failed there, in words that travel. */
export interface RemoteFailure {
  /** The class of what it threw. */
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
  /** How its command or its process ended. */
  readonly exitCode?: number
  /** The last lines that it wrote. */
  readonly tail?: string
  /** Of a command: what it left, the last MiB of each. */
  readonly output?: CommandOutput
}

/** How one try of a task ended. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown; readonly files?: string }
  | { readonly kind: "failure"; readonly failure: RemoteFailure }
  /** Nothing is known of it: the worker or the connection was lost. */
  | { readonly kind: "lost"; readonly why: string }

/** One try of a task. */
export interface Try {
  readonly index: number
  readonly attempt: number
  readonly input: unknown
}

/** A try that was started. */
export interface Started {
  /** Settles once; it never rejects. */
  readonly outcome: Promise<Outcome>
  /** Tells the task to end: by its signal, or by SIGTERM. `hard`: ends its processes. */
  stop(hard: boolean): void
  /** What the task has left behind may go: its slot is free. */
  release(): void
}

/** Why a runner is gone. */
export interface Gone {
  readonly why: string
  /** Another process works there now: whoever had this runner is to end its work. */
  readonly isSuperseded?: true
}

/** The worker is to end. */
export interface Notice {
  /** Until then, from now. */
  readonly seconds: number
  /** The signals of tasks are aborted so long before that; at once where there is less time. Left out: at once. */
  readonly abortBeforeS?: number
}

export interface Runner {
  readonly slots: number
  start(one: Try): Started
  /** The worker is to end: tasks are told. */
  notice(notice: Notice): void
  /** It is needed no more, and has no tasks: it may be kept for others. */
  leave(): Promise<void>
  /** Ends what runs, and the runner. It may be called again. */
  close(): Promise<void>
  /** Resolves with the reason when the runner is gone, however that came. Whoever has left it may never hear. */
  readonly gone: Promise<Gone>
}
