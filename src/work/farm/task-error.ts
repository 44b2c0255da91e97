/** Task error: a task that failed by itself, in words. */
import { type CloudWords, MusterError } from "../../errors.js"
import type { RemoteFailure } from "./runner.js"

/** A task on a worker failed by itself. The message says where and why, with the last that it wrote. */
export class TaskError extends MusterError {
  /** Of the input, from 0. */
  readonly index: number
  /** How often it was tried; tries that were lost with their worker are not counted. */
  readonly attempt: number
  /** The name of the worker of the last try. */
  readonly worker: string
  /** How its command or its process ended, where that is the failure. */
  readonly exitCode?: number
  /** Where a function threw, in its own sources. */
  readonly remoteStack?: string
  /** What its command wrote, the last MiB of each. */
  readonly stdout?: string
  readonly stderr?: string

  constructor(message: string, details: CloudWords & TaskErrorDetails) {
    super(message, details)
    this.index = details.index
    this.attempt = details.attempt
    this.worker = details.worker
    if (details.exitCode !== undefined) this.exitCode = details.exitCode
    if (details.remoteStack !== undefined) this.remoteStack = details.remoteStack
    if (details.stdout !== undefined) this.stdout = details.stdout
    if (details.stderr !== undefined) this.stderr = details.stderr
  }
}

interface TaskErrorDetails {
  readonly index: number
  readonly attempt: number
  readonly worker: string
  readonly exitCode?: number
  readonly remoteStack?: string
  readonly stdout?: string
  readonly stderr?: string
}

export function taskError(
  { name, message, stack, code, exitCode, tail, output }: RemoteFailure,
  at: { readonly index: number; readonly attempt: number; readonly worker: string },
): TaskError {
  const tries = at.attempt === 1 ? "" : ` (try ${at.attempt})`
  const words = tail === undefined || tail.trim() === "" ? "" : `; the last that it wrote:\n${tail.trimEnd()}`
  const what = name === "Error" ? message : `${name}: ${message}`
  return new TaskError(`task ${at.index} on ${at.worker}${tries}: ${what}${words}`, {
    ...at,
    ...(code === undefined ? {} : { code }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(stack === undefined ? {} : { remoteStack: stack }),
    ...(output === undefined ? {} : { stdout: output.stdout, stderr: output.stderr }),
  })
}
