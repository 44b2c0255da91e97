/**
 * Main: the runner of modules' tasks, on a worker. It is bundled into one file and sent there. Its standard input and output carry
 * frames; tasks run in processes of their own, one for each slot.
 */
import { readFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Home } from "./home.js"
import { BEGINNING, frame, FrameReader } from "./frames.js"
import type { FromRunner, Setting, ToRunner } from "./messages.js"
import { Seat, type Task } from "./seat.js"
import { runSlot } from "./slot.js"

/** The other side is looked for so often. */
const LOOK_MS = 1000

const program = fileURLToPath(import.meta.url)

class Runner {
  readonly #setting: Setting
  readonly #home: Home
  readonly #seats = new Map<number, Seat>()
  readonly #waiting: (() => void)[] = []
  // The machine's own clock may be set at any moment.
  #heardAt = performance.now()

  constructor(setting: Setting, home: Home) {
    this.#setting = setting
    this.#home = home
  }

  begin(): void {
    const { beatMs, silentMs } = this.#setting
    const reader = new FrameReader()
    process.stdin.on("data", (bytes: Buffer) => {
      this.#heardAt = performance.now()
      for (const message of reader.take(bytes)) this.#hear(message as ToRunner)
    })
    for (const event of ["end", "error"]) process.stdin.on(event, () => this.end())
    process.stdout.on("error", () => this.end())
    process.stdout.on("drain", () => {
      for (const go of this.#waiting.splice(0)) go()
    })
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => this.end())
    setInterval(() => this.#tell({ type: "beat" }), beatMs)
    setInterval(
      () => {
        if (performance.now() - this.#heardAt >= silentMs) this.end()
      },
      Math.min(LOOK_MS, silentMs),
    )
    process.stdout.write(BEGINNING)
    this.#tell({ type: "hello", vcpus: availableParallelism(), node: process.versions.node })
  }

  /** Ends all tasks, and this process; the shell that has started it removes the directory. */
  end(exitCode = 0): never {
    for (const seat of this.#seats.values()) seat.end()
    process.exit(exitCode)
  }

  readonly #tell = (message: FromRunner): boolean => process.stdout.write(frame(message))

  #hear(message: ToRunner): void {
    switch (message.type) {
      case "module":
        this.#home.keep(`${message.digest}.mjs`, message.code)
        break
      case "task":
        this.#start(message)
        break
      case "stop":
        for (const seat of this.#seats.values()) if (seat.has(message.id)) seat.stop(message.hard)
        break
      case "notice":
        for (const seat of this.#seats.values()) seat.notice(message)
        break
      case "end":
        this.end()
        break
      case "beat":
    }
  }

  #start(task: Task): void {
    const seat = this.#seats.get(task.slot) ?? this.#seat(task.slot)
    this.#mend(!seat.isOpenFor(task.module))
    this.#seats.set(task.slot, seat)
    try {
      seat.start(task)
    } catch (error) {
      const { name, message } = error as Error
      seat.end()
      this.#tell({ type: "failed", id: task.id, failure: { name, message } })
    }
  }

  /** Where that cannot be done, nothing runs here any more, and another runner is started. */
  #mend(isThorough: boolean): void {
    try {
      this.#home.mend(isThorough)
    } catch (error) {
      console.error(`what a task has removed of its runner's cannot be made again: ${(error as Error).message}`)
      this.end(1)
    }
  }

  #seat(slot: number): Seat {
    const whenDrained = (go: () => void) => void this.#waiting.push(go)
    return new Seat({ slot, home: this.#home, program, tell: this.#tell, whenDrained })
  }
}

const directory = dirname(program)
const settingText = readFileSync(join(directory, "setting.json"), "utf8")
const setting = JSON.parse(settingText) as Setting
if (process.argv[2] === "slot") {
  runSlot(process.argv[3] ?? "", setting)
} else {
  const files = { [basename(program)]: readFileSync(program, "utf8"), "setting.json": settingText }
  const home = new Home(directory, files)
  home.keep("runner", `${process.pid}\n`)
  new Runner(setting, home).begin()
}
