/** Slot: the process in which a worker's tasks run, one after the other. A task that leaves something behind gets its process ended. */
import { deserialize } from "node:v8"
import { packed } from "./frames.js"
import { Before } from "./left.js"
import type { Failed, FromSlot, Notice, Setting, ToSlot } from "./messages.js"

type Given = Extract<ToSlot, { readonly type: "task" }>

/** Of an error as it travels: so many characters, and of what caused it so many messages. */
const [MOST_CHARACTERS, MOST_CAUSES] = [16_384, 5]

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
  /** How its process was before its first task. */
  #before: Before | undefined
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
    try {
      const exports = await this.#loaded
      this.#before ??= new Before()
      const value = await functionOf(exports, name)(deserialize(input), this.#context(given, task))
      const bytes = bytesOf(value)
      await written()
      this.#over(task, { type: "value", id, value: bytes, isClean: this.#isClean() })
    } catch (error) {
      await written()
      this.#over(task, { type: "failed", id, failure: failureOf(error), isClean: this.#isClean() })
    }
  }

  #isClean(): boolean {
    return this.#before?.isClean() === true
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
  const all = { ...fieldsOf(exports.default), ...exports }
  const found = all[name]
  if (typeof found === "function") return found as Runs
  const functions = Object.keys(all).filter((key) => typeof all[key] === "function")
  const known = functions.length === 0 ? "it exports no function" : `it exports ${functions.join(", ")}`
  throw new TypeError(`the module exports no function "${name}": ${known}`)
}

/** A module of CommonJS is bundled as one whose `default` has all that it exports. */
function fieldsOf(exported: unknown): Exports {
  const isMany = (typeof exported === "object" && exported !== null) || typeof exported === "function"
  return isMany ? { ...(exported as Exports) } : {}
}

function bytesOf(value: unknown): Uint8Array {
  try {
    return packed(value)
  } catch (error) {
    throw new TypeError(`what the task returned cannot be sent: ${(error as Error).message}`)
  }
}

/** All that was written is in its pipe, which the runner empties; and what closes by itself has a moment for it. */
async function written(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.writable || stream.writableLength === 0) continue
    await new Promise<void>((resolve) => void stream.write("", () => resolve()))
  }
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

function failureOf(reason: unknown): Failed {
  if (!(reason instanceof Error)) return { name: "Error", message: `it threw ${shown(reason)}` }
  const { name, message, stack, code } = reason as Error & { readonly code?: unknown }
  return {
    ...{ name, message: cut(`${message}${causesOf(reason)}`) },
    ...(stack === undefined ? {} : { stack: cut(stack) }),
    ...(typeof code === "string" ? { code } : {}),
  }
}

/** What it was caused by; of an AggregateError what it is made of. */
function causesOf({ cause, errors }: Error & { readonly errors?: unknown }): string {
  const all = [cause, ...(Array.isArray(errors) ? (errors as readonly unknown[]) : [])]
  const words = all.flatMap((one) => (one instanceof Error ? [one.message] : []))
  const more = words.length > MOST_CAUSES ? `, and ${words.length - MOST_CAUSES} more` : ""
  return words.length === 0 ? "" : ` (${words.slice(0, MOST_CAUSES).join("; ")}${more})`
}

function cut(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text
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
