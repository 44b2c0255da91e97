/**
 * Host pins: which host keys each worker has, by its id. They are kept beside the cluster's key, so that the next process on this
 * machine knows them too, and go with the journal.
 */
import { appendFile, readFile } from "node:fs/promises"
import { dirname } from "node:path"
import { directoryProblem, fileProblem } from "../fleet/journal/permissions.js"

export class HostPins {
  readonly #path: string | undefined
  readonly #pins = new Map<string, readonly string[]>()
  #read: Promise<void> | undefined

  /** @param path of the file; undefined: they are kept in memory only. */
  constructor(path: string | undefined) {
    this.#path = path
  }

  /** The blobs of a server's keys, in base64; undefined where none is known. */
  async of(id: string): Promise<readonly string[] | undefined> {
    this.#read ??= this.#readAll()
    await this.#read
    return this.#pins.get(id)
  }

  /** A file that cannot be written costs no more than another look later. */
  async pin(id: string, keys: readonly string[]): Promise<void> {
    if (this.#pins.has(id)) return
    this.#pins.set(id, keys)
    if (this.#path === undefined || (await directoryProblem(dirname(this.#path))) !== undefined) return
    await appendFile(this.#path, `${[id, ...keys].join(" ")}\n`, { mode: 0o600 }).catch(() => {})
  }

  /** What others may have written is not believed. */
  async #readAll(): Promise<void> {
    if (this.#path === undefined || (await directoryProblem(dirname(this.#path))) !== undefined) return
    const problem = await fileProblem(this.#path).catch(() => "is not there")
    const text = problem === undefined ? await readFile(this.#path, "utf8").catch(() => "") : ""
    for (const line of text.split("\n").slice(0, -1)) {
      const [id = "", ...keys] = line.split(" ")
      if (keys.length > 0) this.#pins.set(id, keys)
    }
  }
}
