/** Seat: one slot as the runner sees it: a process for its tasks, which is ended when a task leaves something behind. */
import { type ChildProcess, fork } from "node:child_process"
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { constants } from "node:os"
import type { Home } from "./home.js"
import type { Failed, FromRunner, FromSlot, Notice, ToRunner, ToSlot } from "./messages.js"

/** Of what a task writes, the last that an error shows. */
const [TAIL_BYTES, TAIL_LINES] = [16_384, 20]

/** What an ended process wrote is read for so long, at most. */
const LAST_WORDS_MS = 500

export type Task = Extract<ToRunner, { readonly type: "task" }>

export interface SeatOptions {
  readonly slot: number
  /** Of the runner. */
  readonly home: Home
  /** The file that runs tasks when it is given "slot" and a module. */
  readonly program: string
  /** Tells the process that has the work. @returns false while it should be told no more. */
  readonly tell: (message: FromRunner) => boolean
  /** Calls it once there is room again. */
  readonly whenDrained: (go: () => void) => void
}

export class Seat {
  readonly #options: SeatOptions
  #child: ChildProcess | undefined
  /** Which module its process has. */
  #module = ""
  #task: Task | undefined
  #tail = ""
  /** How the last task has ended by its own words: its process may end before they are passed on. */
  #told: Exclude<FromSlot, { readonly type: "log" }> | undefined
  /** So much was read of what its process writes. */
  #pieces = 0

  constructor(options: SeatOptions) {
    this.#options = options
  }

  /** @throws Error when there is no directory for it. */
  start(task: Task): void {
    if (task.module !== this.#module) this.end()
    this.#task = task
    this.#tail = ""
    const files = this.#files
    if (files !== undefined) emptied(files, `${files}.${task.id}`)
    const child = this.#child ?? this.#fork(task.module)
    const { id, name, index, attempt, input, seconds } = task
    this.#send(child, {
      ...{ type: "task", id, name, index, attempt, input },
      ...(seconds === undefined ? {} : { seconds }),
      ...(files === undefined ? {} : { files }),
    })
  }

  /** It has a process with that module. */
  isOpenFor(module: string): boolean {
    return this.#child !== undefined && this.#module === module
  }

  has(id: number): boolean {
    return this.#task?.id === id
  }

  stop(hard: boolean): void {
    if (hard) endGroup(this.#child)
    else if (this.#child !== undefined) this.#send(this.#child, { type: "stop" })
  }

  notice(notice: Notice): void {
    if (this.#child !== undefined) this.#send(this.#child, { type: "notice", ...notice })
  }

  /** Its process and all that it has started in its group. */
  end(): void {
    endGroup(this.#child)
    this.#child = undefined
  }

  /** The task's directory for what it leaves. */
  get #files(): string | undefined {
    const { home, slot } = this.#options
    return this.#task?.hasOutputs === true ? home.pathOf(`${slot}.files`) : undefined
  }

  #send(child: ChildProcess, message: ToSlot): void {
    // One that has just ended tells so by its exit.
    child.send(message, () => {})
  }

  #fork(module: string): ChildProcess {
    const { program, home, slot } = this.#options
    const child = fork(program, ["slot", home.pathOf(`${module}.mjs`)], {
      cwd: home.cwd,
      serialization: "advanced",
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: ["--enable-source-maps"],
    })
    this.#child = child
    this.#module = module
    // Whoever ends what this runner has left, should it die, finds the group there.
    if (child.pid !== undefined) home.keep(`${slot}.pid`, `${child.pid}\n`)
    child.on("message", (message: FromSlot) => this.#hear(child, message))
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        if (this.#wrote(child, text)) return
        stream.pause()
        this.#options.whenDrained(() => stream.resume())
      })
    }
    child.on("error", (error) => this.#ended(child, `its process failed: ${error.message}`))
    const ended = (code: number | null, signal: NodeJS.Signals | null) =>
      this.#ended(
        child,
        `its process ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`,
        signal === null ? code : 128 + constants.signals[signal],
      )
    child.on("close", ended)
    // What it has started outside its group may hold its pipes for ever.
    child.on("exit", (code, signal) => void setTimeout(() => ended(code, signal), LAST_WORDS_MS))
    return child
  }

  /** @returns false while there is no room for more. */
  #wrote(child: ChildProcess, text: string): boolean {
    this.#pieces += 1
    if (this.#child !== child || this.#task === undefined) return true
    this.#tail = (this.#tail + text).slice(-TAIL_BYTES)
    return !this.#task.isHeard || this.#options.tell({ type: "log", id: this.#task.id, text })
  }

  #hear(child: ChildProcess, message: FromSlot): void {
    if (!this.has(message.id) || this.#child !== child) return
    if (message.type === "log") {
      this.#options.tell(message)
      return
    }
    this.#told = message
    const until = performance.now() + LAST_WORDS_MS
    const over = () => {
      if (!this.has(message.id) || this.#child !== child) return
      if (!message.isClean) this.end()
      this.#over(message)
    }
    this.#whenRead(child, until, over)
  }

  /** What a task wrote is in its pipes when its end is told. What it has started may write there for ever. */
  #whenRead(child: ChildProcess, until: number, go: () => void): void {
    const before = this.#pieces
    setImmediate(() =>
      setImmediate(() => {
        const isWaiting = child.stdout?.isPaused() === true || child.stderr?.isPaused() === true
        if (isWaiting) this.#options.whenDrained(() => this.#whenRead(child, until, go))
        else if (this.#pieces !== before && performance.now() < until) this.#whenRead(child, until, go)
        else go()
      }),
    )
  }

  #over(message: Exclude<FromSlot, { readonly type: "log" }>): void {
    const files = this.#files
    this.#task = undefined
    this.#told = undefined
    const { tell } = this.#options
    const { id } = message
    if (message.type === "failed") tell({ type: "failed", id, failure: this.#withTail(message.failure) })
    else tell({ type: "value", id, value: message.value, ...(files === undefined ? {} : { files }) })
  }

  #ended(child: ChildProcess, message: string, exitCode?: number | null): void {
    if (this.#child !== child) return
    this.end()
    if (this.#task === undefined) return
    const { id } = this.#task
    const code = typeof exitCode === "number" ? { exitCode } : {}
    const ended = { type: "failed", id, failure: { name: "Error", message, ...code }, isClean: false } as const
    this.#over(this.#told?.id === id ? this.#told : ended)
  }

  #withTail(failure: Failed): Failed {
    const tail = this.#tail.trimEnd().split("\n").slice(-TAIL_LINES).join("\n")
    return tail === "" ? failure : { ...failure, tail }
  }
}

/** What an earlier task has left running may still write there: it keeps no directory that was moved away. */
function emptied(directory: string, old: string): void {
  if (existsSync(directory)) {
    renameSync(directory, old)
    try {
      rmSync(old, { recursive: true, force: true })
    } catch {
      // It goes with the runner's own directory.
    }
  }
  mkdirSync(directory)
}

function endGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    // It has ended.
  }
}
