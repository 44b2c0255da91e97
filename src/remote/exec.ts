/** Exec: one command on several workers at once. */
import pLimit from "p-limit"
import { CommandError } from "../errors.js"
import { type CommandOptions, type CommandResult, runCommand } from "./output.js"
import type { Command, Remote } from "./remote.js"

/** How one worker answered. */
export interface WorkerResult extends CommandResult {
  /** The name of the worker. */
  readonly worker: string
}

/** Commands that run at the same time. */
const MOST_AT_ONCE = 256

export interface Reached {
  /** The name of the worker. */
  readonly worker: string
  readonly remote: () => Promise<Remote>
}

export interface ExecOptions extends Omit<CommandOptions, "onOutput"> {
  readonly onOutput?: (worker: string, stream: "stdout" | "stderr", text: string) => void
  /** Hears of each worker once its command has ended, or why it cannot be told how: also of those that did well beside one that was lost. */
  readonly onEnded?: (worker: string, outcome: CommandResult | Error) => void
}

/**
 * Runs a command on each worker and waits for all of them. One that fails ends none of the others.
 *
 * @returns in the order of the workers.
 * @throws CommandError when the command failed on some, unless `check` is false: it names how many, and shows the first of them.
 * @throws the first error of another kind: a connection that was lost, a host key that is wrong.
 */
export async function execOn(
  workers: readonly Reached[],
  command: Command,
  { check = true, onOutput, onEnded, ...options }: ExecOptions = {},
): Promise<readonly WorkerResult[]> {
  const limit = pLimit(MOST_AT_ONCE)
  const settled = await Promise.allSettled(
    workers.map(({ worker, remote }) =>
      limit(async () => {
        const hear = onOutput === undefined ? {} : { onOutput: onOutput.bind(undefined, worker) }
        const running = remote().then((one) => runCommand(one, command, { worker }, { ...options, ...hear, check }))
        const outcome = await running.catch((error: unknown) => error as Error)
        onEnded?.(worker, outcome)
        if (outcome instanceof Error) throw outcome
        return { worker, ...outcome }
      }),
    ),
  )
  const failures = settled.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []))
  const failure = failures.find((error) => !(error instanceof CommandError)) ?? failures[0]
  if (failure === undefined) return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
  if (failure instanceof CommandError && workers.length > 1)
    throw severalFailed(failure, failures.length, workers.length)
  throw failure
}

function severalFailed(first: CommandError, failed: number, all: number): CommandError {
  const { worker, exitCode, stdout, stderr } = first
  const message = `the command failed on ${failed} of ${all} workers; on the first of them, ${first.message}`
  return new CommandError(message, { worker, exitCode, stdout, stderr })
}
