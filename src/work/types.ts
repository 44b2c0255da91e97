/** What work is, as users write it: a function of a module, or a command, for each of many inputs. */
import type { Command } from "../remote/remote.js"
import type { Duration } from "../spec/types.js"

/** What a task's function is told beside its input. */
export interface TaskContext {
  /** Of the input, from 0. */
  readonly index: number
  /** 1 for the first. A try on a worker that was lost does not count. */
  readonly attempt: number
  /** The name of the worker. */
  readonly worker: string
  /** Aborts when the work is cancelled, when the task's time is over, and when the worker has notice of its end. */
  readonly signal: AbortSignal
  /** How many seconds the task has left, as far as it is known; Infinity where nothing ends it. */
  secondsLeft(): number
  /** An empty directory whose files travel back with the result. @throws Error where the work was started without `outputs`. */
  readonly output: string
  /** Tells the process that started the work. */
  log(text: string): void
}

declare const TYPES: unique symbol

/** A function that runs on workers: one that a module exports. `remote` makes it. */
export interface Task<In, Out> {
  readonly module: string
  /** Under which the module exports it. */
  readonly name: string
  readonly [TYPES]?: (input: In) => Out
}

/** What is known where a command is made. */
export interface CommandAt {
  readonly index: number
  readonly attempt: number
}

/** A command for each input. */
export interface CommandTask<In> {
  /**
   * A text is for `sh -c`; a list is a program and its arguments, which no shell reads. It finds `MUSTER_TASK_INDEX`,
   * `MUSTER_TASK_ATTEMPT` and, with `outputs`, `MUSTER_OUTPUT` in its environment.
   */
  readonly command: Command | ((input: In, at: CommandAt) => Command)
  /** Variables of the command. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What a command leaves: its value as a task. */
export interface CommandOutput {
  /** The last MiB of it. */
  readonly stdout: string
  /** The last MiB of it. */
  readonly stderr: string
  /** One of them was longer: its beginning is missing. */
  readonly isCut: boolean
}

export type Inputs<In> = Iterable<In> | AsyncIterable<In>

/** What a task, or the console of one, has said. */
export interface TaskLog {
  readonly index: number
  readonly worker: string
  /** One line or several, with their ends. */
  readonly text: string
}

export interface WorkOptions {
  /**
   * Tasks at the same time on one worker: a number from 1, or as many as it has vCPUs. "vcpus" by default for modules, 1 for
   * commands.
   */
  readonly slots?: number | "vcpus"
  /** A command that each worker runs once before its first task: "npm ci". Where it fails, the worker gets no task. */
  readonly setup?: Command
  /** How often a task that has failed is tried again; 0 by default. What a lost worker takes along is no failure. */
  readonly retries?: number
  /** For how long one try of a task may take: "10m"; no limit by default. */
  readonly taskTimeout?: Duration
  /** For how long the whole may take; no limit by default. */
  readonly timeout?: Duration
  /** "throw" (the default): the first failure is a TaskError, and the rest is cancelled. "yield": failures are results. */
  readonly errors?: "throw" | "yield"
  /** A directory here for the files that tasks leave in theirs. */
  readonly outputs?: string
  /** A file here in which results are kept: another run with the same work and inputs begins with them. */
  readonly resume?: string
  /** Results come in the order of the inputs; in that of their completion by default. */
  readonly ordered?: boolean
  /** Workers of this group alone. */
  readonly group?: string
  /**
   * On workers that have a container: tasks and `setup` run on the machine around it, and not inside. False by default; of no account for
   * workers without one.
   */
  readonly host?: boolean
  /** Cancels the work. */
  readonly signal?: AbortSignal
  /** Hears what tasks say by `log`, and what they write to their console. */
  readonly onLog?: (log: TaskLog) => void
}

/** A task that has ended well. */
export interface TaskSuccess<Out> {
  readonly ok: true
  /** Of the input, from 0. */
  readonly index: number
  readonly value: Out
  /** The name of the worker. */
  readonly worker: string
  /** How long its last try took. */
  readonly seconds: number
  /** It was read from the file of `resume`, and did not run now. */
  readonly resumed?: true
}

/** A task that has failed: only with `errors: "yield"`. */
export interface TaskFailed {
  readonly ok: false
  readonly index: number
  readonly error: Error
  readonly worker: string
  readonly seconds: number
}

/** How far work has come. */
export interface WorkState {
  /** Inputs that were read so far. */
  readonly read: number
  /** How many there are, once that is known: at first where the inputs have a `length` or `size`, else when the last was read. */
  readonly total?: number
  readonly running: number
  readonly done: number
  readonly failed: number
  /** Of those that are done, which were read from the file of `resume`. */
  readonly resumed: number
  /** Tries that ended with their worker, and were begun again elsewhere. */
  readonly lost: number
  /** Workers that take tasks now, and how many at once. */
  readonly workers: number
  readonly slots: number
  /** Workers that have a task now. */
  readonly busy: number
}
