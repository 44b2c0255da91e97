/**
 * Resume: results kept in a file, one line each, for a run that begins again. The first line says of which work they are. A line is
 * there for good when `keep` resolves; one that was cut off by a crash is dropped. Each line has a sum of its text: what was damaged is
 * no result. One process at a time has the file.
 */
import { createHash } from "node:crypto"
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { deserialize, serialize } from "node:v8"
import { MusterError, SpecError } from "../../errors.js"
import type { Recorder } from "../farm/farm.js"
import type { Entry } from "../farm/source.js"
import type { TaskSuccess } from "../types.js"
import { hold } from "./hold.js"

const VERSION = 1

/** One result, as bytes: a line of the file is a text of this process. */
const MOST_KEPT_BYTES = 2 ** 28

export interface ResumeOptions<In> {
  /** Relative to the working directory. */
  readonly path: string
  /** What tells this work from others: in hex. */
  readonly work: string
  /** What tells an input from others, beside itself: the command that is made of it. */
  readonly more?: (input: In, index: number) => string
}

interface Line {
  readonly key: string
  readonly worker: string
  readonly seconds: number
  /** A value that JSON holds as it is; else `bytes` has it. */
  readonly value?: unknown
  /** As `serialize` of node:v8 has it, in base64. */
  readonly bytes?: string
}

interface Where {
  readonly at: number
  readonly length: number
}

/** @throws SpecError when the file cannot be written, is damaged, is of other work, or another process has it. */
export async function openResume<In, Out>(options: ResumeOptions<In>): Promise<Resume<In, Out>> {
  const { path, work } = options
  const problem = (message: string) => new SpecError([{ option: "resume", value: path, message }])
  let descriptor: number
  try {
    descriptor = openSync(path, "a+", 0o600)
  } catch (error) {
    throw problem(`cannot be written: ${(error as Error).message}`)
  }
  let letGo: (() => Promise<void>) | undefined
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    letGo = await hold(`resume ${dev} ${ino}`)
    if (letGo === undefined) throw problem("is in use by work that runs now; wait for its end, or name another file")
    const known = readKnown(descriptor, work, problem)
    return new Resume(options, { descriptor, file: await open(path, "a"), letGo }, known)
  } catch (error) {
    closeSync(descriptor)
    await letGo?.()
    throw error
  }
}

/** What is open of the file. */
interface Opened {
  readonly descriptor: number
  readonly file: FileHandle
  readonly letGo: () => Promise<void>
}

export class Resume<In, Out> implements Recorder<In, Out> {
  readonly #options: ResumeOptions<In>
  readonly #descriptor: number
  readonly #file: FileHandle
  readonly #letGo: () => Promise<void>
  readonly #known: Map<string, Where>
  /** How often an input has come that is the same as others. */
  readonly #seen = new Map<string, number>()
  readonly #keys = new WeakMap<Entry<In>, string>()
  #lines: string[] = []
  #writing: Promise<void> | undefined
  /** Those that wait for the next write. */
  #next: Promise<void> | undefined
  /** A line may be there in part: none is written after it. */
  #broken: MusterError | undefined

  constructor(options: ResumeOptions<In>, { descriptor, file, letGo }: Opened, known: Map<string, Where>) {
    this.#options = options
    this.#descriptor = descriptor
    this.#file = file
    this.#letGo = letGo
    this.#known = known
    if (known.size === 0 && fstatSync(descriptor).size === 0) this.#lines.push(headOf(options.work))
  }

  recall(entry: Entry<In>): { readonly value: Out; readonly worker: string; readonly seconds: number } | undefined {
    const key = this.#keyOf(entry)
    this.#keys.set(entry, key)
    const where = this.#known.get(key)
    if (where === undefined) return undefined
    const bytes = Buffer.alloc(where.length)
    readSync(this.#descriptor, bytes, 0, where.length, where.at)
    const line = JSON.parse(bytes.toString()) as Line
    const value = line.bytes === undefined ? line.value : deserialize(Buffer.from(line.bytes, "base64"))
    return { value: value as Out, worker: line.worker, seconds: line.seconds }
  }

  async keep(entry: Entry<In>, { value, worker, seconds }: TaskSuccess<Out>): Promise<void> {
    const key = this.#keys.get(entry) ?? this.#keyOf(entry)
    const line: Line = { key, worker, seconds, ...this.#kept(value, entry.index) }
    this.#lines.push(summed(line))
    this.#next ??= this.#write()
    await this.#next
  }

  #kept(value: Out, index: number): Pick<Line, "value" | "bytes"> {
    if (isPlain(value)) return { value }
    const bytes = serialize(value)
    if (bytes.length <= MOST_KEPT_BYTES) return { bytes: bytes.toString("base64") }
    const size = `${Math.round(bytes.length / 2 ** 20)} MiB, more than ${MOST_KEPT_BYTES / 2 ** 20}`
    const message = `keeping the result of task ${index} in ${this.#options.path}: it has ${size}; have the task leave it in a file (outputs)`
    throw new MusterError(message, { code: "ResumeNotWritten" })
  }

  async close(): Promise<void> {
    await (this.#next ?? this.#writing)?.catch(() => {})
    closeSync(this.#descriptor)
    await this.#file.close()
    await this.#letGo()
  }

  /** Whatever comes during one write goes with the next. */
  async #write(): Promise<void> {
    await this.#writing?.catch(() => {})
    if (this.#broken !== undefined) throw this.#broken
    const text = this.#lines.join("")
    this.#lines = []
    this.#writing = this.#next
    this.#next = undefined
    try {
      await this.#file.write(text)
      await this.#file.datasync()
    } catch (cause) {
      const message = `keeping results in ${this.#options.path}: ${(cause as Error).message}`
      this.#broken = new MusterError(message, { code: "ResumeNotWritten", cause })
      throw this.#broken
    }
  }

  #bytesOf(input: In, index: number): Uint8Array {
    try {
      return serialize(input)
    } catch (cause) {
      const message = `cannot tell input ${index} from others: ${(cause as Error).message}; use inputs that can be cloned`
      throw new SpecError([{ option: "resume", value: this.#options.path, message }])
    }
  }

  /** Inputs that are the same are told apart by their order. */
  #keyOf({ input, index }: Entry<In>): string {
    const text = isPlain(input) ? JSON.stringify(input) : this.#bytesOf(input, index)
    const more = this.#options.more?.(input, index) ?? ""
    const digest = createHash("sha256").update(more).update("\n").update(text).digest("hex").slice(0, 32)
    const times = (this.#seen.get(digest) ?? 0) + 1
    this.#seen.set(digest, times)
    return times === 1 ? digest : `${digest}#${times}`
  }
}

function headOf(work: string): string {
  return summed({ muster: "resume", version: VERSION, work })
}

/** A line with the sum of its text. */
function summed(line: object): string {
  const text = JSON.stringify(line).slice(0, -1)
  return `${text},"sum":"${sumOf(text)}"}\n`
}

const SUM = /,"sum":"([0-9a-f]{16})"\}$/

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16)
}

const NOT_OURS = "is another file than one of results; name a file of its own"

type Problem = (message: string) => SpecError

/** Where each line's text is. */
function readKnown(descriptor: number, work: string, problem: Problem): Map<string, Where> {
  checkBeginning(descriptor, problem)
  const known = new Map<string, Where>()
  let number = 0
  let end = 0
  for (const { text, at, length } of linesOf(descriptor)) {
    number += 1
    const damaged = () => problem(`is damaged in line ${number}; remove that line, or the file, to begin anew`)
    const line = parsed(text)
    if (number === 1) checkHead(line ?? {}, work, problem)
    const [sum, own] = SUM.exec(text) ?? []
    if (line === undefined || sum === undefined || sumOf(text.slice(0, -sum.length)) !== own) throw damaged()
    if (number > 1) {
      if (typeof line.key !== "string") throw damaged()
      known.set(line.key, { at, length })
    }
    end = at + length + 1
  }
  dropRest(descriptor, { end, isBegun: number > 0, work }, problem)
  return known
}

/** A file that is none of ours may be a large one. */
function checkBeginning(descriptor: number, problem: Problem): void {
  const ours = Buffer.from('{"muster":"resume",')
  const found = Buffer.alloc(Math.min(ours.length, fstatSync(descriptor).size))
  readSync(descriptor, found, 0, found.length, 0)
  if (!ours.subarray(0, found.length).equals(found)) throw problem(NOT_OURS)
}

/** A line without an end was being written when its process was killed: of a file without a line the first one, or it is not ours. */
function dropRest(
  descriptor: number,
  { end, isBegun, work }: { readonly end: number; readonly isBegun: boolean; readonly work: string },
  problem: Problem,
): void {
  const { size } = fstatSync(descriptor)
  if (size === end) return
  const head = Buffer.from(headOf(work))
  const rest = Buffer.alloc(Math.min(size - end, head.length))
  readSync(descriptor, rest, 0, rest.length, end)
  if (!isBegun && !head.subarray(0, rest.length).equals(rest)) throw problem(NOT_OURS)
  ftruncateSync(descriptor, end)
}

function parsed(text: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown }) : undefined
  } catch {
    return undefined
  }
}

function checkHead(line: { readonly [key: string]: unknown }, work: string, problem: Problem): void {
  const { muster, version, work: kept } = line
  if (muster !== "resume") throw problem(NOT_OURS)
  if (version !== VERSION) {
    throw problem(`is of version ${String(version)}, and this Muster writes version ${VERSION}; name another file`)
  }
  if (kept !== work) {
    throw problem(
      "has results of other work: the command, the function or what it imports has changed; name another file",
    )
  }
}

const READ_BYTES = 256 * 1024
const NEWLINE = 10

/** Whole lines; what comes after the last one's end is none. */
function* linesOf(descriptor: number): Generator<Where & { readonly text: string }, void, undefined> {
  let waiting: Buffer[] = []
  let at = 0
  for (let from = 0; ; ) {
    const piece = Buffer.alloc(READ_BYTES)
    const count = readSync(descriptor, piece, 0, READ_BYTES, from)
    if (count === 0) return
    let begin = 0
    for (let end = piece.indexOf(NEWLINE); end !== -1 && end < count; end = piece.indexOf(NEWLINE, begin)) {
      const line = Buffer.concat([...waiting, piece.subarray(begin, end)])
      yield { text: line.toString(), at, length: line.length }
      at = from + end + 1
      begin = end + 1
      waiting = []
    }
    // One that is long is joined once.
    waiting.push(piece.subarray(begin, count))
    from += count
  }
}

/** What is deeper than that is kept as bytes, as is what holds itself. */
const MOST_DEPTH = 100

/** JSON gives it back as it was. */
function isPlain(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== "object" || depth > MOST_DEPTH) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const isOfKind = Array.isArray(value) || prototype === Object.prototype || prototype === null
  if (!isOfKind || Object.getOwnPropertySymbols(value).length > 0) return false
  const own = Object.values(value)
  return (!Array.isArray(value) || own.length === value.length) && own.every((one) => isPlain(one, depth + 1))
}
