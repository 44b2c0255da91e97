/** File: the one file that a journal writes, there with its header or not there at all. */
import { constants, type FileHandle, open, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { createWhole } from "./draft.js"
import { directoryProblem } from "./permissions.js"

/** Not "a", which would make one anew that a successor has removed, without its header. */
const APPEND = constants.O_APPEND | constants.O_WRONLY

export class JournalFile {
  readonly path: string
  readonly #header: () => string
  #handle: FileHandle | undefined
  /** Bytes in the file; zero until it was made. */
  #length = 0

  constructor(path: string, header: () => string) {
    this.path = path
    this.#header = header
  }

  /** Nothing that was written before can be read there: it was not made yet, or has vanished. */
  get isNew(): boolean {
    return this.#length === 0
  }

  /**
   * Writes all of the text or none, at the end.
   *
   * @param mustBeThere what is written must be found there later: when the file has vanished, with its directory or without,
   * this throws, and the next such write makes it anew. @param sync waits for the disk.
   */
  async append(text: string, { mustBeThere, sync }: { mustBeThere: boolean; sync: boolean }): Promise<void> {
    const handle = this.#handle ?? (await this.#open())
    if (mustBeThere) await this.#checkThere(handle)
    try {
      if (text !== "") await handle.appendFile(text)
      if (sync) await handle.datasync()
      this.#length += Buffer.byteLength(text)
    } catch (error) {
      // Half a line would damage the next one.
      await handle.truncate(this.#length).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #open(): Promise<FileHandle> {
    const unsafe = await directoryProblem(dirname(this.path))
    if (unsafe !== undefined) throw new Error(unsafe)
    if (this.#length === 0) this.#length = await createWhole(this.path, this.#header())
    this.#handle = await open(this.path, APPEND)
    return this.#handle
  }

  /** An open file can still be written after its path was removed. */
  async #checkThere(handle: FileHandle): Promise<void> {
    const [own, found] = await Promise.all([handle.stat(), stat(this.path).catch(() => undefined)])
    if (found?.ino === own.ino && found.dev === own.dev) return
    await this.close()
    this.#length = 0
    throw new Error("it has vanished since it was made, and what it said with it")
  }
}
