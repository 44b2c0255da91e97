/** What a verb has around it, and what it is in the table of verbs. */
import type { Clock } from "../calls/clock.js"
import type { loadProvider } from "../registry.js"

/** What a verb has around it; tests give their own. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv
  /** Of this package. */
  readonly version: string
  readonly clock: Clock
  readonly load: typeof loadProvider
  /** The result. */
  readonly out: (text: string) => void
  /** Everything else. */
  readonly say: (text: string) => void
  /** Bytes as they are; resolves when more may be written. Left out: as text, by `out` and `say`. */
  readonly write?: (stream: "stdout" | "stderr", bytes: Uint8Array) => Promise<void>
  /** Undefined where no user could answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined
  /** How wide the terminal is; left out where there is none. */
  readonly columns?: number
  /** Aborted once the reader of the result has gone: a verb that only shows something ends then. */
  readonly unread?: AbortSignal
  /** Looks from now on whether that reader has gone, also while nothing is written; what it returns ends that. */
  readonly watchReader?: () => Promise<() => void>
  /**
   * The next SIGINT, SIGTERM or SIGHUP aborts what this returns, with an InterruptedError as its reason. A SIGINT or SIGTERM after that
   * ends the process, unless this was called again. After SIGHUP, which says that the terminal was closed, it returns what is aborted already.
   * Left out: signals end the process.
   *
   * @param last what is said when the process is ended so.
   */
  readonly interrupts?: (last?: () => string) => AbortSignal
  /** What the user types, undefined once the input has ended. Left out where no user could answer. */
  readonly prompt?: (question: string) => Promise<string | undefined>
  /** Runs a program with this process's terminal, and returns its exit code. Left out where there is none to give. */
  readonly terminal?: (words: readonly string[]) => Promise<number>
  /** Standard input, for `--file -`, of which no more is read than a file may have. */
  readonly input?: AsyncIterable<Uint8Array | string>
  /** Where progress is shown; left out: nowhere. */
  readonly progress?: NodeJS.WriteStream
  /** Where files are looked for. */
  readonly directory?: string
}

export interface Flag {
  readonly type: "string" | "boolean"
  readonly short?: string
  /** How the value is called in help texts. */
  readonly value?: string
  readonly help: string
  /** The variable that stands for it when it is not given. */
  readonly variable?: string
}

export type Flags = Readonly<Record<string, Flag>>

/** Where a value is from. */
export type Source = "flag" | "environment"

export interface Given {
  readonly words: readonly string[]
  /** How many of the words stood after "--". */
  readonly literal?: number
  readonly values: Readonly<Record<string, readonly string[]>>
  readonly switches: ReadonlySet<string>
  /** Of each value and switch that was given. */
  readonly sources: Readonly<Record<string, Source>>
}

/** The exit code. */
export type RunVerb = (given: Given, surroundings: Surroundings, verbs: readonly Verb[]) => Promise<number>

/** A verb as the command line knows it before it is used: data, and how what it does is loaded. */
export interface Verb {
  readonly name: string
  readonly aliases?: readonly string[]
  /** Other names, each with the words that it stands for after the verb. */
  readonly shorthands?: Readonly<Record<string, readonly string[]>>
  /** Under which heading the general help names it. */
  readonly group: "Make" | "Look" | "Work" | "End" | "This program"
  /** The words that follow it; one in brackets may be left out, one with dots may be several. */
  readonly words: readonly string[]
  readonly summary: string
  readonly about: string
  readonly flags: Flags
  /** Command lines that can be run as they stand. */
  readonly examples: readonly string[]
  /** The exit code of its own failures, where those of its commands are passed on. */
  readonly failed?: number
  readonly load: () => Promise<{ readonly run: RunVerb }>
}
