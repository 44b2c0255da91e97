/** Slot: the process in which a worker's tasks run, one after the other. A task that leaves something behind gets its process ended. */
import { deserialize, serialize } from "node:v8"
import type { Failed, FromSlot, Notice, Setting, ToSlot } from "./messages.js"

type Given = Extract<ToSlot, { readonly type: "task" }>

interface Current {
  readonly id: number
  readonly abort: AbortController
  /** Of the machine's running time, in milliseconds: its own time is over then. */
  readonly endsAt: number
  isOver: boolean
}

/** Runs in a process with a channel to its parent. @param module the path of the file that has the functions. */
export function runSlot(module: string, { worker }: Pick<Setting, "worker">): void {
  // They are there from the beginning, so that a task that writes is not taken for one that leaves something open.
  for (const stream of [process.stdout, process.stderr]) stream.write("")
  const loaded = import(module) as Promise<Exports>
  // It is told with the first task.
  loaded.catch(() => {})
  const slot = new Slot(loaded, worker)
  process.on("uncaughtException", (reason) => slot.failed(reason))
  process.on("disconnect", () => endGroup())
  process.on("message", (message: ToSlot) => slot.hear(message))
}

class Slot {
  readonly #loaded: Promise<Exports>
  readonly #worker: string
  #current: Current | undefined
  /** When the worker ends, of the machine's running time, in milliseconds. */
  #endsAt = deadline()
  #told: NodeJS.Timeout | undefined

  constructor(loaded: Promise<Exports>, worker: string) {
    this.#loaded = loaded
    this.#worker = worker
  }

  hear(message: ToSlot): void {
    if (message.type === "task") {
      void this.#run(message)
      return
    }
    if (message.type === "stop") this.#current?.abort.abort(new Error("the task was told to end"))
    else this.#notice(message)
  }

  /** Tasks that begin later are told as well: their worker ends too. */
  #notice({ seconds, abortBeforeS = seconds }: Notice): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + seconds * 1000)
    clearTimeout(this.#told)
    const abort = () => this.#current?.abort.abort(new Error("the worker ends soon"))
    if (seconds <= abortBeforeS) abort()
    // It keeps nothing alive: else it would be taken for something that the task has left.
    else this.#told = setTimeout(abort, (seconds - abortBeforeS) * 1000).unref()
  }

  /** Something that belongs to no call has thrown. */
  failed(reason: unknown): void {
    const task = this.#current
    if (task === undefined) process.exit(1)
    this.#over(task, { type: "failed", id: task.id, failure: failureOf(reason), isClean: false })
  }

  async #run(given: Given): Promise<void> {
    const { id, name, input, seconds = Number.POSITIVE_INFINITY } = given
    const task: Current = {
      ...{ id, abort: new AbortController(), endsAt: performance.now() + seconds * 1000, isOver: false },
    }
    this.#current = task
    let before: Left | undefined
    try {
      const exports = await this.#loaded
      before = left()
      const value = await functionOf(exports, name)(deserialize(input), this.#context(given, task))
      const bytes = bytesOf(value)
      await settled()
      this.#over(task, { type: "value", id, value: bytes, isClean: isClean(before, left()) })
    } catch (error) {
      await settled()
      const isKept = before !== undefined && isClean(before, left())
      this.#over(task, { type: "failed", id, failure: failureOf(error), isClean: isKept })
    }
  }

  #context({ id, index, attempt, files }: Given, { abort, endsAt }: Current): object {
    return {
      ...{ index, attempt, worker: this.#worker, signal: abort.signal },
      secondsLeft: () => Math.max(0, (Math.min(this.#endsAt, endsAt) - performance.now()) / 1000),
      get output() {
        if (files !== undefined) return files
        throw new Error("the work has no outputs: give it a directory for them")
      },
      log: (text: string) => tell({ type: "log", id, text: String(text) }),
    }
  }

  #over(task: Current, message: FromSlot): void {
    if (task.isOver) return
    task.isOver = true
    this.#current = undefined
    tell(message)
  }
}

function tell(message: FromSlot): void {
  process.send?.(message)
}

/** Where the cluster's end is known; else never. The worker ends itself then by its own clock. */
function deadline(): number {
  const seconds = Number(process.env.MUSTER_DEADLINE)
  return seconds > 0 ? performance.now() + seconds * 1000 - Date.now() : Number.POSITIVE_INFINITY
}

type Exports = Readonly<Record<string, unknown>>
type Runs = (input: unknown, context: object) => unknown

function functionOf(exports: Exports, name: string): Runs {
  const found = exports[name]
  if (typeof found === "function") return found as Runs
  const functions = Object.keys(exports).filter((key) => typeof exports[key] === "function")
  const known = functions.length === 0 ? "it exports no function" : `it exports ${functions.join(", ")}`
  throw new TypeError(`the module exports no function "${name}": ${known}`)
}

function bytesOf(value: unknown): Uint8Array {
  try {
    return serialize(value)
  } catch (error) {
    throw new TypeError(`what the task returned cannot be cloned: ${(error as Error).message}`)
  }
}

/** What closes by itself has a moment for it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

/** What a task could leave behind for the next one. */
interface Left {
  /** What keeps the process going, by its kind. */
  readonly resources: ReadonlyMap<string, number>
  readonly directory: string
  readonly environment: string
}

function left(): Left {
  const resources = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) resources.set(kind, (resources.get(kind) ?? 0) + 1)
  const environment = Object.entries(process.env).sort(([a], [b]) => (a < b ? -1 : 1))
  return { resources, directory: process.cwd(), environment: JSON.stringify(environment) }
}

/** What ends by itself within the same turn. */
const PASSING = ["Immediate", "CloseReq"]

function isClean(before: Left, after: Left): boolean {
  const grown = [...after.resources].filter(
    ([kind, count]) => !PASSING.includes(kind) && count > (before.resources.get(kind) ?? 0),
  )
  return grown.length === 0 && before.directory === after.directory && before.environment === after.environment
}

function failureOf(reason: unknown): Failed {
  if (!(reason instanceof Error)) return { name: "Error", message: `it threw ${shown(reason)}` }
  const { name, message, stack, code } = reason as Error & { readonly code?: unknown }
  return {
    ...{ name, message: `${message}${causeOf(reason)}` },
    ...(stack === undefined ? {} : { stack }),
    ...(typeof code === "string" ? { code } : {}),
  }
}

function causeOf({ cause }: Error): string {
  return cause instanceof Error ? ` (${cause.message})` : ""
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** The process of a slot leads its group. */
function endGroup(): void {
  try {
    process.kill(-process.pid, "SIGKILL")
  } catch {
    process.exit(1)
  }
}
