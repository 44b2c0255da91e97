/**
 * Worker file: what a worker has written, in a file of the user's to which is only added. Beside it stands how far its log had been read
 * when a part of it was begun: what has been added since is counted by the file's size, so that a crash between any two writes
 * neither loses a byte nor brings one twice.
 */
import { constants } from "node:fs"
import { mkdir, open, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Piece } from "../../../remote/logs/read.js"

/** A link is not followed: it may lead anywhere. */
const FLAGS = constants.O_APPEND | constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** Enough of what is there to find it in a console again. */
const END_BYTES = 64 * 1024

/** Where a part of the log was begun. */
interface Begun {
  readonly id: string
  /** The first byte of the part, of all that was ever written. */
  readonly next: number
  /** How long the file was then. */
  readonly size: number
}

export class WorkerFile {
  readonly #path: string
  readonly #beside: string
  readonly #directory: string
  readonly #id: string
  /** The byte that comes next while all that came is one part; undefined: where the file stands is not known. */
  #next: number | undefined

  /** @param id of the instance: another one of the same name begins anew. */
  constructor(directory: string, name: string, id: string) {
    const safe = safeName(name)
    this.#directory = directory
    this.#path = join(directory, `${safe}.log`)
    this.#beside = join(directory, `.${safe}.at`)
    this.#id = id
  }

  /** The byte of the log from which to go on; undefined: from its first. */
  async find(): Promise<number | undefined> {
    await mkdir(this.#directory, { recursive: true })
    const [begun, size] = await Promise.all([this.#begun(), this.#size()])
    this.#next = undefined
    if (begun === undefined || begun.id !== this.#id || size < begun.size) return undefined
    this.#next = begun.next + size - begun.size
    return this.#next
  }

  async add({ bytes, next }: Piece): Promise<void> {
    const first = next - bytes.length
    if (this.#next !== first) await this.#begin(first)
    if (bytes.length > 0) await this.#append(bytes)
    this.#next = next
  }

  /** Adds text that is counted by nothing: what a console has. */
  async addText(text: string): Promise<void> {
    const begun = await this.#begun()
    if (begun?.id !== this.#id) await this.#begin(0)
    await this.#append(Buffer.from(text))
  }

  /** The last that was added of this worker's; "" where nothing was. */
  async lastText(): Promise<string> {
    const [begun, size] = await Promise.all([this.#begun(), this.#size()])
    if (begun === undefined || begun.id !== this.#id || size <= begun.size) return ""
    const length = Math.min(END_BYTES, size - begun.size)
    const file = await open(this.#path, "r")
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
      return buffer.toString("utf8", 0, bytesRead)
    } finally {
      await file.close()
    }
  }

  /** The last line, on a line of its own. Nothing is added after it but of another instance. */
  async end(line: string): Promise<void> {
    const size = await this.#size()
    await mkdir(this.#directory, { recursive: true })
    await this.#append(Buffer.from(`${size === 0 || (await this.#endsLine(size)) ? "" : "\n"}${line}\n`))
    await rm(this.#beside, { force: true })
  }

  async #endsLine(size: number): Promise<boolean> {
    const file = await open(this.#path, "r")
    try {
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
      return buffer.toString() === "\n"
    } finally {
      await file.close()
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const file = await open(this.#path, FLAGS, 0o600)
    try {
      await file.appendFile(bytes)
    } finally {
      await file.close()
    }
  }

  async #begin(next: number): Promise<void> {
    const begun: Begun = { id: this.#id, next, size: await this.#size() }
    await writeFile(this.#beside, JSON.stringify(begun), { mode: 0o600 })
  }

  async #begun(): Promise<Begun | undefined> {
    try {
      const { id, next, size } = JSON.parse(await readFile(this.#beside, "utf8")) as Partial<Begun>
      const isWhole = typeof id === "string" && typeof next === "number" && typeof size === "number"
      return isWhole ? { id, next, size } : undefined
    } catch {
      return undefined
    }
  }

  async #size(): Promise<number> {
    return stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    )
  }
}

/** A name that leads nowhere else: other people may have given it to their instance. */
export function safeName(name: string): string {
  const safe = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").replace(/^\.+/, "_")
  return safe.slice(0, 200) || "_"
}
