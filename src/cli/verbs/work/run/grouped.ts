/** Grouped: what tasks wrote, of each as a whole once it has ended. */
import type { TaskError } from "../../../../work/farm/task-error.js"
import type { CommandOutput, TaskFailed, TaskSuccess } from "../../../../work/types.js"
import { EXIT } from "../../../exit-codes.js"
import { writerOf } from "../../../output.js"
import type { Surroundings } from "../../../surroundings.js"
import type { Shown } from "../../make/progress.js"

export type Result = TaskSuccess<CommandOutput> | TaskFailed

/** What is written is not drawn over for so long. */
const QUIET_MS = 250

export interface GroupedOptions {
  readonly surroundings: Surroundings
  readonly progress: Shown
  /** One object a line in place of what tasks wrote. */
  readonly isJson: boolean
  /** Of a task that has ended: its input. */
  readonly inputOf: (index: number) => string | undefined
}

export class Grouped {
  readonly #options: GroupedOptions
  readonly #write: NonNullable<Surroundings["write"]>
  #cancel = () => {}
  done = 0
  /** The exit code of the first that failed. */
  code: number = EXIT.ok
  failed = 0

  constructor(options: GroupedOptions) {
    this.#options = options
    this.#write = writerOf(options.surroundings)
  }

  async take(result: Result): Promise<void> {
    const { isJson } = this.#options
    const input = this.#options.inputOf(result.index)
    if (result.ok) this.done += 1
    else {
      this.failed += 1
      if (this.failed === 1) this.code = codeOf(result.error)
    }
    if (isJson) {
      await this.#put("stdout", `${JSON.stringify(rowOf(result, input))}\n`)
      return
    }
    const { stdout, stderr } = outputOf(result)
    await this.#put("stdout", stdout)
    await this.#put("stderr", stderr)
    const number = result.index + 1
    if (result.ok && result.value.isCut)
      await this.#put("stderr", `muster: task ${number}: it wrote more than 1 MiB, whose beginning is missing\n`)
    if (!result.ok) await this.#put("stderr", `muster: task ${number} on ${result.worker}: ${whyOf(result.error)}\n`)
  }

  end(): void {
    this.#cancel()
  }

  async #put(stream: "stdout" | "stderr", text: string): Promise<void> {
    if (text === "") return
    const { surroundings, progress } = this.#options
    // Frames are drawn on the same terminal.
    if (stream === "stderr" || surroundings.columns !== undefined) {
      progress.pause()
      this.#cancel()
      this.#cancel = surroundings.clock.timer(QUIET_MS, () => progress.resume())
    }
    await this.#write(stream, Buffer.from(text))
  }
}

function codeOf(error: Error): number {
  const { exitCode, code } = error as Partial<TaskError>
  return code === "TaskTimeout" ? EXIT.taskTimeout : (exitCode ?? EXIT.ownFailure)
}

/** Without what it wrote, which is written as it is. */
function whyOf(error: Error): string {
  const { exitCode, code } = error as Partial<TaskError>
  if (exitCode !== undefined && code !== "TaskTimeout") return `exit code ${exitCode}`
  return (error.message.split("; the last that it wrote:")[0] ?? "").replace(/^task \d+ on [^:]*: /, "")
}

function outputOf(result: Result): Omit<CommandOutput, "isCut"> {
  if (result.ok) return result.value
  const { stdout = "", stderr = "" } = result.error as Partial<TaskError>
  return { stdout, stderr }
}

function rowOf(result: Result, input: string | undefined): object {
  const { index, ok, worker, seconds } = result
  const more = result.ok
    ? { exitCode: 0, ...result.value, ...(result.resumed === true ? { resumed: true } : {}) }
    : {
        exitCode: (result.error as Partial<TaskError>).exitCode ?? null,
        ...outputOf(result),
        error: result.error.message,
      }
  return { task: index + 1, ...(input === undefined ? {} : { input }), ok, worker, seconds, ...more }
}
