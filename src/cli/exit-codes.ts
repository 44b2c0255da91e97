/** What the process says with its exit code. */
import {
  AuthError,
  BudgetError,
  CapacityError,
  LeakError,
  MusterError,
  QuotaError,
  ShortfallError,
  SpecError,
  TimeoutError,
} from "../errors.js"

export const EXIT = {
  ok: 0,
  failed: 1,
  /** The command line, or a configuration, is wrong: nothing was asked of a cloud. */
  usage: 2,
  /** Credentials are missing, wrong, or not enough. */
  auth: 3,
  /** The cloud would not: quota, capacity, something that could not be ended. */
  resource: 4,
  timeout: 5,
  notFound: 6,
  /** As `timeout` has it: a task took longer than it may. */
  taskTimeout: 124,
  /** As `docker run` has it: what failed is not the command. */
  ownFailure: 125,
  /** As shells count: 128 and the number of the signal. */
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
  /** As ssh has it. */
  transport: 255,
} as const

/** What each says, for people. */
export const EXIT_TABLE: readonly (readonly [number, string])[] = [
  [EXIT.ok, "done"],
  [EXIT.failed, "something else went wrong, or the answer was no"],
  [EXIT.usage, "the command line or the spec is wrong, or nobody could be asked and --yes was not given"],
  [EXIT.auth, "credentials are missing, wrong, or not enough"],
  [EXIT.resource, "not to be had, above the budget, or could not be ended or removed"],
  [EXIT.timeout, "the cloud did not confirm in time, or a launch on its way may still make something"],
  [EXIT.notFound, "nothing of that name is there"],
  [EXIT.taskTimeout, "run: a command took longer than --task-timeout"],
  [EXIT.ownFailure, "run: what failed is not a command; else the code is that of the first command that failed"],
  [EXIT.SIGHUP, "ended by SIGHUP: its terminal was closed"],
  [EXIT.SIGINT, "interrupted by SIGINT"],
  [EXIT.SIGTERM, "ended by SIGTERM"],
  [EXIT.transport, "exec and ssh: the worker could not be reached, or was lost; else their code is the command's own"],
]

/** Nothing of that name is there. */
export class NothingThereError extends MusterError {}

/** The process was told to end while something went on. */
export class InterruptedError extends MusterError {
  readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP"

  constructor(signal: "SIGINT" | "SIGTERM" | "SIGHUP") {
    super(`${signal}: stopped`)
    this.signal = signal
  }
}

type ErrorClass = abstract new (...args: never[]) => Error

const CODES: readonly (readonly [ErrorClass, number])[] = [
  [SpecError, EXIT.usage],
  [AuthError, EXIT.auth],
  [CapacityError, EXIT.resource],
  [QuotaError, EXIT.resource],
  [ShortfallError, EXIT.resource],
  [BudgetError, EXIT.resource],
  [LeakError, EXIT.resource],
  [TimeoutError, EXIT.timeout],
  [NothingThereError, EXIT.notFound],
]

export function exitCodeOf(error: unknown): number {
  if (error instanceof InterruptedError) return EXIT[error.signal]
  return CODES.find(([kind]) => error instanceof kind)?.[1] ?? EXIT.failed
}
