/**
 * History file: JSON lines that are only ever added to, in two files: the newest one, and the one before it. Together they are no
 * larger than 10 MiB, and nothing in them is older than 30 days.
 */
import { constants, type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { makeDirectory } from "../fleet/journal/draft.js"
import { directoryProblem, fileProblem } from "../fleet/journal/permissions.js"

/** Of the file's form; a reader leaves lines that it does not know. */
export const HISTORY_VERSION = 1

/** Bytes of each of the two files. */
export const MOST_FILE_BYTES = 5 * 1024 * 1024

const DAY_MS = 86_400_000
export const LONGEST_MS = 30 * DAY_MS
/** What is in the file before has at most this age more. */
const TURN_MS = LONGEST_MS / 2

/** A link is not followed: it may lead anywhere. */
const FLAGS = constants.O_APPEND | constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** Whose history a file is. */
export interface HistoryOf {
  readonly cluster: string
  readonly uid: string
}

export function historyPath(directory: string, { cluster, uid }: HistoryOf): string {
  return join(directory, `${cluster}.${uid}.jsonl`)
}

/** The first line of a file, given when that is begun. */
export function headerOf(of: HistoryOf & { readonly owner: string }): (at: number) => string {
  return (at) => `${JSON.stringify({ kind: "header", version: HISTORY_VERSION, ...of, at })}\n`
}

/** Where what was written before the newest file is. */
export function earlierPath(path: string): string {
  return path.replace(/\.jsonl$/, ".1.jsonl")
}

/** What its name tells of a file; undefined for one that is none of ours. */
export function historyOf(name: string): (HistoryOf & { readonly isEarlier: boolean }) | undefined {
  const [, cluster, uid, earlier] = /^([a-z0-9-]+)\.([0-9a-z]+)(\.1)?\.jsonl$/.exec(name) ?? []
  return cluster === undefined || uid === undefined ? undefined : { cluster, uid, isEarlier: earlier !== undefined }
}

export class HistoryFile {
  readonly #path: string
  readonly #header: (at: number) => string
  /** When the newest file was begun, in milliseconds since 1970; undefined until it was looked at. */
  #begunAt: number | undefined

  /** @param header the first line of each file that is begun, given when that is. */
  constructor(path: string, header: (at: number) => string) {
    this.#path = path
    this.#header = header
  }

  /**
   * Adds whole lines. A line that a crash has left without its end is ended first, so that nothing is lost but that one.
   *
   * @param now by the machine's clock, in milliseconds since 1970.
   * @throws where nothing may be written, or others may write.
   */
  async append(lines: string, now: number): Promise<void> {
    if (this.#begunAt === undefined) await this.#prepare(now)
    const unsafe = await fileProblem(this.#path).catch(unlessMissing)
    if (unsafe !== undefined) throw new Error(unsafe)
    const { size } = await stat(this.#path).catch(() => ({ size: 0 }))
    const isOld = this.#begunAt !== undefined && now - this.#begunAt > TURN_MS
    if (size > 0 && (isOld || size + Buffer.byteLength(lines) > MOST_FILE_BYTES)) {
      await rename(this.#path, earlierPath(this.#path))
      this.#begunAt = now
    }
    const handle = await open(this.#path, FLAGS, 0o600)
    try {
      await handle.appendFile(`${await this.#before(handle, now)}${lines}`)
    } finally {
      await handle.close()
    }
  }

  /** What must stand before the next line: a header in a new file, the end of a line that was cut short. */
  async #before(handle: FileHandle, now: number): Promise<string> {
    const { size } = await handle.stat()
    if (size === 0) return this.#header(now)
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer.toString() === "\n" ? "" : "\n"
  }

  async #prepare(now: number): Promise<void> {
    const directory = dirname(this.#path)
    const unsafe = await directoryProblem(directory)
    if (unsafe !== undefined) throw new Error(unsafe)
    await makeDirectory(directory)
    await removeOld(directory, now)
    this.#begunAt = (await firstTime(this.#path)) ?? now
  }
}

/** A machine that makes clusters all day keeps so many files of them. */
const MOST_FILES = 500

/** Removes the files, of any cluster, that no process has written to for `LONGEST_MS`, and the oldest beyond `MOST_FILES`. */
async function removeOld(directory: string, now: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => historyOf(name) !== undefined)
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name)
      return {
        path,
        at: await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => now,
        ),
      }
    }),
  )
  const old = files.sort((a, b) => b.at - a.at).filter(({ at }, index) => now - at > LONGEST_MS || index >= MOST_FILES)
  await Promise.all(old.map(({ path }) => rm(path, { force: true }).catch(() => {})))
}

/** When a file was begun, as its first line says. */
async function firstTime(path: string): Promise<number | undefined> {
  const handle = await open(path, constants.O_RDONLY).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0)
    const [first = ""] = buffer.subarray(0, bytesRead).toString().split("\n", 1)
    const { at } = JSON.parse(first) as { readonly at?: unknown }
    return typeof at === "number" ? at : undefined
  } catch {
    return undefined
  } finally {
    await handle.close()
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error
}
