/** Read: the bytes of a worker's log from where they are asked for, with the place of each in all that was ever written. */
import { onAbort } from "../../calls/aborts.js"
import { TransientError } from "../../errors.js"
import { MARK_BYTES, PART_BYTES } from "../../guest/steps/log.js"
import type { ByteSource, Remote, RemoteProcess } from "../remote.js"
import { HEADER, logScript, type Reading } from "./script.js"

/** Where a worker's log is. */
export interface LogPlace {
  /** Of the worker, for errors. */
  readonly worker: string
  readonly path: string
  readonly remote: () => Promise<Remote>
  /** The same as `path`, where it is a file of this machine. */
  readonly file?: string
}

const NOTHING = Buffer.alloc(0)

/** What was read, as it was written; nothing of it in the first one, which says where it begins. */
export interface Piece {
  readonly bytes: Uint8Array
  /** Whoever goes on after these asks for this byte. Where the log has lost some in between it is further than `bytes` is long. */
  readonly next: number
}

/** The reader says more before its first line, or nothing of ours. */
const MOST_HEADER = 4096

/**
 * All pieces from there on; none where there is no log. They end when the log is replaced, when the signal is aborted, and where
 * it is not followed at its end.
 *
 * @throws TransientError when the connection is lost; MusterError, AuthError, HostKeyError, TimeoutError when there is none.
 */
export async function* readLog(
  place: LogPlace,
  reading: Reading,
  signal?: AbortSignal,
): AsyncGenerator<Piece, void, undefined> {
  const { worker, path } = place
  if (isAborted(signal)) return
  const process = await begun(place, reading, signal)
  if (process === undefined) return
  const words = wordsOf(process.stderr)
  const pieces = untilAborted(process, signal)
  const counted = new Counted(reading.from)
  for await (const bytes of pieces) yield* counted.take(bytes)
  if (isAborted(signal)) return
  const { exitCode } = await process.ended
  if (!counted.isKnown) {
    throw new TransientError(`${worker}: its log ${path} cannot be read: ${words() || `exit code ${exitCode}`}`)
  }
}

/** The reader there, unless the signal is aborted first: the way may take long. One that begins after that is ended at once. */
async function begun(
  { remote, path }: LogPlace,
  reading: Reading,
  signal: AbortSignal | undefined,
): Promise<RemoteProcess | undefined> {
  const beginning = remote().then((one) => one.spawn(logScript(path, reading)))
  beginning.then(({ ended }) => ended.catch(() => {})).catch(() => {})
  let unheard = () => {}
  const aborted = new Promise<void>((resolve) => {
    unheard = onAbort(signal, resolve)
  })
  try {
    await Promise.race([beginning, aborted])
  } finally {
    unheard()
  }
  if (!isAborted(signal)) return beginning
  beginning.then(letGo, () => {})
  return undefined
}

function letGo({ stdin, stdout, stderr }: RemoteProcess): void {
  stdin.end()
  stderr.resume()
  void drain(stdout[Symbol.asyncIterator]())
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

/** What comes until the signal is aborted or nobody wants more. Then the reader there ends, and what it still says is thrown away. */
async function* untilAborted({ stdout, stdin }: RemoteProcess, signal: AbortSignal | undefined) {
  const source = stdout[Symbol.asyncIterator]()
  let isOver = false
  try {
    for (;;) {
      const next = await nextUnlessAborted(source, signal)
      if (next.done === true) break
      yield next.value
    }
    isOver = !isAborted(signal)
  } catch (error) {
    isOver = true
    throw error
  } finally {
    stdin.end()
    if (!isOver) void drain(source)
  }
}

/** The end where the signal is aborted first. A promise that all pieces raced with would keep all of them for as long as it is pending. */
async function nextUnlessAborted(
  source: AsyncIterator<Uint8Array, void>,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<Uint8Array, void>> {
  let forget = () => {}
  const aborted = new Promise<IteratorResult<Uint8Array, void>>((resolve) => {
    const end = () => resolve({ done: true, value: undefined })
    forget = onAbort(signal, end)
    if (isAborted(signal)) end()
  })
  try {
    return await Promise.race([source.next(), aborted])
  } finally {
    forget()
  }
}

/** A channel that is not read to its end is never closed. */
async function drain(source: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    while ((await source.next()).done !== true);
  } catch {
    // The connection has gone as well.
  }
}

function wordsOf(stderr: ByteSource): () => string {
  let words = ""
  stderr.on("data", (bytes) => {
    if (words.length < MOST_HEADER) words += Buffer.from(bytes).toString()
  })
  return () => words.trim().slice(0, MOST_HEADER)
}

/** Counts what comes, after the line that says what it is. */
class Counted {
  readonly #asked: number | undefined
  #before: Buffer | undefined = Buffer.alloc(0)
  /** Bytes that come before the one at `#next`. */
  #uncounted = 0
  #next = 0
  isKnown = false

  constructor(asked: number | undefined) {
    this.#asked = asked
  }

  *take(bytes: Uint8Array): Generator<Piece> {
    if (this.#before === undefined) {
      yield* this.#count(bytes)
      return
    }
    const all: Buffer = Buffer.concat([this.#before, bytes])
    const end = all.indexOf("\n")
    this.#before = end < 0 && all.length < MOST_HEADER ? all : undefined
    if (end < 0) return
    const [name, first, uncounted] = all.subarray(0, end).toString().split(" ")
    if (name !== HEADER) return
    this.isKnown = true
    if (first === "none") return
    this.#next = Number(first)
    this.#uncounted = Number(uncounted)
    yield { bytes: NOTHING, next: this.#uncounted === 0 ? this.#next : this.#inFirst() }
    if (this.#asked !== undefined && this.#uncounted === 0 && this.#next > this.#asked) {
      yield { bytes: Buffer.from(`\n… ${this.#next - this.#asked} bytes dropped …\n`), next: this.#next }
    }
    if (end + 1 < all.length) yield* this.#count(all.subarray(end + 1))
  }

  *#count(bytes: Uint8Array): Generator<Piece> {
    if (!this.isKnown) return
    const early = bytes.subarray(0, this.#uncounted)
    const rest = bytes.subarray(early.length)
    if (early.length > 0) {
      this.#uncounted -= early.length
      yield { bytes: early, next: this.#inFirst() }
    }
    if (rest.length === 0) return
    this.#next += rest.length
    yield { bytes: rest, next: this.#next }
  }

  /** Where it stands in the part that is kept of the beginning, or behind the line that ends that. */
  #inFirst(): number {
    const left = this.#uncounted - markBytes(this.#next - PART_BYTES)
    return left < 0 ? this.#next : PART_BYTES - left
  }
}

/** How long the line is that says how many bytes were dropped. */
function markBytes(dropped: number): number {
  return MARK_BYTES + String(dropped).length
}
