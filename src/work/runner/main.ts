/**
 * Main: the runner of a module's tasks, on a worker. It is bundled into one file and sent there. Its standard input and output carry
 * frames; tasks run in processes of their own, one for each slot.
 */
import { type ChildProcess, fork } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { frame, FrameReader } from "./frames.js"
import type { Failed, FromRunner, FromSlot, Setting, ToRunner, ToSlot } from "./messages.js"
import { runSlot } from "./slot.js"

/** Each side says so often that it lives, and takes the other for gone after so long; a little sooner than the other takes us. */
const [BEAT_MS, SILENT_MS, LOOK_MS] = [15_000, 55_000, 1000]
/** Of what a task writes, the last that an error shows. */
const [TAIL_BYTES, TAIL_LINES] = [16_384, 20]

type Task = Extract<ToRunner, { readonly type: "task" }>

class Slot {
  readonly #runner: Runner
  #child: ChildProcess | undefined
  #task: Task | undefined
  #tail = ""

  constructor(runner: Runner) {
    this.#runner = runner
  }

  start(task: Task): void {
    this.#task = task
    this.#tail = ""
    const child = this.#child ?? this.#fork()
    const files = this.#runner.filesOf(task.slot)
    const { slot: _slot, ...given } = task
    this.#send(child, { ...given, ...(files === undefined ? {} : { files }) })
  }

  has(id: number): boolean {
    return this.#task?.id === id
  }

  stop(hard: boolean): void {
    if (hard) this.end()
    else if (this.#child !== undefined) this.#send(this.#child, { type: "stop" })
  }

  notice(seconds: number): void {
    if (this.#child !== undefined) this.#send(this.#child, { type: "notice", seconds })
  }

  /** Its process and all that it has started in its group. */
  end(): void {
    const { pid } = this.#child ?? {}
    if (pid !== undefined) endGroup(pid)
  }

  #send(child: ChildProcess, message: ToSlot): void {
    // One that has just ended tells so by its exit.
    child.send(message, () => {})
  }

  #fork(): ChildProcess {
    const child = fork(fileURLToPath(import.meta.url), ["slot"], {
      serialization: "advanced",
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: ["--enable-source-maps"],
    })
    this.#child = child
    child.on("message", (message: FromSlot) => this.#hear(child, message))
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => this.#wrote(text))
    child.on("error", (error) => this.#ended(child, `its process failed: ${error.message}`))
    child.on("close", (code, signal) =>
      this.#ended(child, `its process ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`, code),
    )
    return child
  }

  #wrote(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL_BYTES)
    if (this.#task !== undefined && this.#runner.setting.isHeard)
      this.#runner.tell({ type: "log", id: this.#task.id, text })
  }

  #hear(child: ChildProcess, message: FromSlot): void {
    if (message.type === "log") {
      this.#runner.tell(message)
      return
    }
    if (!this.has(message.id)) return
    if (!message.isClean && this.#child === child) this.#child = undefined
    // What it wrote before is in its pipes, which are read until then.
    setImmediate(() =>
      setImmediate(() => {
        if (!message.isClean && child.pid !== undefined) endGroup(child.pid)
        if (this.has(message.id)) this.#over(message)
      }),
    )
  }

  #over(message: Exclude<FromSlot, { readonly type: "log" }>): void {
    const { slot } = this.#task as Task
    this.#task = undefined
    if (message.type === "value") {
      const files = this.#runner.filesOf(slot)
      this.#runner.tell({
        type: "value",
        id: message.id,
        value: message.value,
        ...(files === undefined ? {} : { files }),
      })
    } else this.#runner.tell({ type: "failed", id: message.id, failure: this.#withTail(message.failure) })
  }

  #ended(child: ChildProcess, message: string, exitCode?: number | null): void {
    if (this.#child !== child) return
    this.#child = undefined
    if (child.pid !== undefined) endGroup(child.pid)
    if (this.#task === undefined) return
    const code = typeof exitCode === "number" ? { exitCode } : {}
    this.#over({ type: "failed", id: this.#task.id, failure: { name: "Error", message, ...code }, isClean: false })
  }

  #withTail(failure: Failed): Failed {
    const tail = this.#tail.trimEnd().split("\n").slice(-TAIL_LINES).join("\n")
    return tail === "" ? failure : { ...failure, tail }
  }
}

class Runner {
  readonly setting: Setting
  readonly #directory: string
  readonly #slots = new Map<number, Slot>()
  #heardAt = Date.now()

  constructor(setting: Setting, directory: string) {
    this.setting = setting
    this.#directory = directory
  }

  tell(message: FromRunner): void {
    process.stdout.write(frame(message))
  }

  /** An empty directory for what the task of a slot leaves; undefined where nothing is to be left. */
  filesOf(slot: number): string | undefined {
    return this.setting.hasOutputs ? join(this.#directory, `${slot}.files`) : undefined
  }

  begin(): void {
    const reader = new FrameReader()
    process.stdin.on("data", (bytes: Buffer) => {
      this.#heardAt = Date.now()
      for (const message of reader.take(bytes)) this.#hear(message as ToRunner)
    })
    process.stdin.on("end", () => this.end())
    process.stdout.on("error", () => this.end())
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => this.end())
    setInterval(() => this.tell({ type: "beat" }), BEAT_MS)
    setInterval(() => {
      if (Date.now() - this.#heardAt >= SILENT_MS) this.end()
    }, LOOK_MS)
    this.tell({ type: "hello", vcpus: availableParallelism(), node: process.versions.node })
  }

  /** Ends all tasks, and this process. */
  end(): never {
    for (const slot of this.#slots.values()) slot.end()
    rmSync(this.#directory, { recursive: true, force: true })
    process.exit(0)
  }

  #hear(message: ToRunner): void {
    if (message.type === "end") this.end()
    if (message.type === "task") this.#start(message)
    if (message.type === "stop") {
      for (const slot of this.#slots.values()) if (slot.has(message.id)) slot.stop(message.hard)
    }
    if (message.type === "notice") for (const slot of this.#slots.values()) slot.notice(message.seconds)
  }

  #start(task: Task): void {
    const slot = this.#slots.get(task.slot) ?? new Slot(this)
    this.#slots.set(task.slot, slot)
    try {
      const files = this.filesOf(task.slot)
      if (files !== undefined) {
        rmSync(files, { recursive: true, force: true })
        mkdirSync(files)
      }
      slot.start(task)
    } catch (error) {
      const { name, message } = error as Error
      this.tell({ type: "failed", id: task.id, failure: { name, message } })
    }
  }
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // It has ended.
  }
}

/** Runners of other processes are ended: what they had is begun again. Their tasks end with them. */
function endOthers(all: string, own: string, owner: string): void {
  for (const name of readdirSync(all)) {
    if (name === own || name.startsWith(`${owner}-`)) continue
    try {
      process.kill(Number(readFileSync(join(all, name, "runner"), "utf8")), "SIGKILL")
    } catch {
      // It has ended, or has not begun.
    }
    rmSync(join(all, name), { recursive: true, force: true })
  }
}

const directory = dirname(fileURLToPath(import.meta.url))
const setting = JSON.parse(readFileSync(join(directory, "setting.json"), "utf8")) as Setting
if (process.argv[2] === "slot") {
  runSlot(join(directory, "module.mjs"), setting)
} else {
  endOthers(dirname(directory), basename(directory), setting.owner)
  writeFileSync(join(directory, "runner"), String(process.pid))
  new Runner(setting, directory).begin()
}
