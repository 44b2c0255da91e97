/** Values: what secrets hold. They are asked for when they are first needed, are kept in this process's memory alone, and stand in no error. */
import { execFile } from "node:child_process"
import type { Clock } from "../../calls/clock.js"
import { MusterError } from "../../errors.js"
import { argvOf } from "../shell.js"

/** Whose they are. */
export interface SecretHolder {
  readonly name: string
  readonly id: string
  readonly group: string
}

export type ValueSource =
  | { readonly fromEnvironment: string }
  | { readonly command: string | readonly string[] }
  | { readonly value: string }
  | { readonly notKept: true }
  | ((worker: SecretHolder) => Promise<string> | string)

/** A command that asks for something is ended after so long. */
const COMMAND_MS = 60_000
/** As long as one variable may be for a new process on Linux (MAX_ARG_STRLEN). */
const MOST_BYTES = 131_072

/** By it Node's `inspect` asks how an object is shown ("util.inspect.custom"). */
const SHOWN: unique symbol = Symbol.for("nodejs.util.inspect.custom")

/** Workers whose own values are remembered: a long-lived cluster has had a hundred thousand. */
const MOST_GIVEN = 10_000
/** A shorter line of a value is too likely a word that stands there for another reason. */
const LEAST_LINE = 6

/** The text with "***" in the place of each value. */
export function withoutSecrets(text: string, values: readonly string[]): string {
  const longest = [...values].sort((a, b) => b.length - a.length)
  return longest.reduce((left, value) => left.replaceAll(value, "***"), text)
}

/** A text may begin or end within one. */
function linesOf(value: string): readonly string[] {
  return value.includes("\n") ? [value, ...value.split("\n").filter((line) => line.length >= LEAST_LINE)] : [value]
}

export class SecretValues {
  readonly #sources: ReadonlyMap<string, ValueSource>
  readonly #clock: Clock
  /** Of those that are the same for all workers. */
  readonly #known = new Map<string, Promise<string>>()
  /** What was given out: to one worker, by its id, and to all, by "". */
  readonly #given = new Map<string, ReadonlySet<string>>()

  constructor(sources: ReadonlyMap<string, ValueSource>, clock: Clock) {
    this.#sources = sources
    this.#clock = clock
  }

  /** @throws MusterError with code "SecretMissing" for one that is the same for all workers and that cannot be had. */
  async prepare(): Promise<void> {
    const common = [...this.#sources].filter(([, source]) => typeof source !== "function")
    await Promise.all(common.map(([name, source]) => this.#common(name, source)))
  }

  /** All values for a worker. @throws MusterError with code "SecretMissing", which names the secret. */
  async of(worker: SecretHolder): Promise<Readonly<Record<string, string>>> {
    const pairs = [...this.#sources].map(async ([name, source]): Promise<readonly [string, string]> => {
      if (typeof source !== "function") return [name, await this.#common(name, source)]
      const value = await asked(name, source, worker)
      this.#give(worker.id, value)
      return [name, value]
    })
    return Object.fromEntries(await Promise.all(pairs))
  }

  /** Those that a text must not show; undefined where some are not known here, or are another one for each worker. */
  async known(): Promise<readonly string[] | undefined> {
    if ([...this.#sources].some(([name, source]) => typeof source === "function" || !this.#known.has(name)))
      return undefined
    return Promise.all(this.#known.values()).catch(() => undefined)
  }

  /** A text of a worker's without the values that this process knows: a script may print them. */
  concealed(text: string, id: string): string {
    if (text === "" || this.#sources.size === 0) return text
    return withoutSecrets(text, [...this.shared(), ...(this.#given.get(id) ?? [])].flatMap(linesOf))
  }

  /** Values of all workers that this process has at hand. */
  shared(): readonly string[] {
    const here = [...this.#sources.values()].flatMap((source) => {
      if (typeof source === "function") return []
      if ("value" in source) return [source.value]
      return "fromEnvironment" in source ? (process.env[source.fromEnvironment] ?? []) : []
    })
    return [...new Set([...here, ...(this.#given.get("") ?? [])])]
  }

  #give(id: string, value: string): void {
    this.#given.set(id, new Set([...(this.#given.get(id) ?? []), value]))
    const oldest = this.#given.size > MOST_GIVEN ? [...this.#given.keys()].find((key) => key !== "") : undefined
    if (oldest !== undefined) this.#given.delete(oldest)
  }

  #common(name: string, source: ValueSource): Promise<string> {
    const known = this.#known.get(name) ?? this.#clock.busy("reading a secret", read(name, source))
    this.#known.set(name, known)
    // What may pass is tried again.
    known.then(
      (value) => this.#give("", value),
      () => this.#known.delete(name),
    )
    return known
  }

  /** Whoever prints this sees no value. */
  [SHOWN](): string {
    return `SecretValues(${[...this.#sources.keys()].join(", ")})`
  }
}

async function read(name: string, source: ValueSource): Promise<string> {
  if (typeof source === "function" || "notKept" in source) throw missing(name, "is not known to this process")
  if ("value" in source) return sound(name, source.value)
  if ("fromEnvironment" in source) {
    const value = process.env[source.fromEnvironment]
    if (value === undefined) throw missing(name, `the variable ${source.fromEnvironment} is not set`)
    return sound(name, value)
  }
  return sound(name, await output(name, source.command))
}

async function asked(
  name: string,
  source: Extract<ValueSource, (...args: never) => unknown>,
  worker: SecretHolder,
): Promise<string> {
  let value: unknown
  try {
    value = await source(worker)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw missing(name, `its function failed for ${worker.name}: ${said}`, cause)
  }
  if (typeof value !== "string") throw missing(name, `its function gave no text for ${worker.name}`)
  return sound(name, value)
}

/** As a shell has it: without line ends at its end. What it prints beside that is told, but for what it would have given. */
function output(name: string, command: string | readonly string[]): Promise<string> {
  const [program = "", ...args] = argvOf(command)
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: COMMAND_MS, encoding: "utf8" }, (error, stdout, stderr) => {
      const value = stdout.replace(/\n+$/, "")
      if (error === null) {
        resolve(value)
        return
      }
      const last = stderr.trim().split("\n").at(-1) ?? ""
      const words = value === "" ? last : last.replaceAll(value, "…")
      const how = error.killed === true ? `did not end within ${COMMAND_MS / 1000} s` : endOf(error)
      reject(missing(name, `its command ${how}${words === "" ? "" : `: ${words}`}`))
    })
    child.stdin?.end()
  })
}

function endOf({ code }: { readonly code?: string | number | null }): string {
  return typeof code === "number" ? `ended with exit code ${code}` : `could not be run (${String(code)})`
}

function sound(name: string, value: string): string {
  if (value === "") throw missing(name, "it is empty")
  if (value.includes("\0")) throw missing(name, "it has a NUL, which no variable can hold")
  if (Buffer.byteLength(value) + name.length + 2 > MOST_BYTES)
    throw missing(name, `it has more than ${MOST_BYTES / 1024} KiB, which no variable can hold: bring it as a file`)
  return value
}

function missing(name: string, why: string, cause?: unknown): MusterError {
  return new MusterError(`secret ${name}: ${why}`, {
    code: "SecretMissing",
    ...(cause === undefined ? {} : { cause }),
  })
}
