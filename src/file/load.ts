/** Load: the file that is meant, found upwards from a directory or named, and never more of it than a spec can be. */
import { createReadStream, type Stats } from "node:fs"
import { stat } from "node:fs/promises"
import { resolve } from "node:path"
import { type Clock, systemClock } from "../calls/clock.js"
import { FileError, wholeError } from "./file-error.js"
import { findFile } from "./find.js"
import { parseFile, type SpecFile } from "./parse.js"
import { chunksOfPipe, PIPE_DEADLINE_MS, SilentPipeError } from "./pipe.js"

/** No spec is longer, and a file that was meant to be another is not read whole. */
export const MOST_BYTES = 1024 * 1024

export interface LoadOptions {
  /** A path, or "-" for the standard input; left out: the nearest file from `directory` upwards. */
  readonly path?: string | undefined
  /** Where to look from, and what a path is relative to; the working directory by default. */
  readonly directory?: string | undefined
  /** The values of variables; `process.env` by default. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What "-" reads; `process.stdin` by default. */
  readonly stdin?: AsyncIterable<Uint8Array | string>
  /** What a named pipe is waited for by; the system's clock by default. */
  readonly clock?: Clock
}

/** The standard input by other names. */
const STDIN = ["-", "/dev/stdin", "/dev/fd/0"]

/**
 * Reads a file of specs.
 *
 * @returns undefined when no path was given and none was found.
 * @throws FileError with all that is wrong with it, as `parseFile` does; for a path that is not there, is a directory or a device, or may
 * not be read, for a named pipe that nobody has written to for 30 seconds, for a file above 1 MiB, and for two files in one directory.
 */
export async function loadFile(options: LoadOptions = {}): Promise<SpecFile | undefined> {
  const { path, directory = process.cwd(), env = process.env, stdin = process.stdin, clock = systemClock } = options
  if (path !== undefined && STDIN.includes(path)) return parseFile(await textOf(path, stdin), { path, env })
  const found = path === undefined ? await findFile(directory) : resolve(directory, path)
  if (found === undefined) return undefined
  return parseFile(await textIn(found, path ?? found, clock), { path: path ?? found, env })
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file; name another, or write one",
  EISDIR: "is a directory; name the file in it",
  EACCES: "may not be read by this user; chmod it, or name another",
  ENOTDIR: "is below something that is no directory; name another",
}

async function textIn(path: string, named: string, clock: Clock): Promise<string> {
  try {
    return await textOf(named, chunksIn(path, named, await clock.busy("looking at a file", stat(path)), clock))
  } catch (error) {
    if (error instanceof FileError) throw error
    const { code = "", message } = error as NodeJS.ErrnoException
    throw wholeError(named, REASONS[code] ?? `cannot be read: ${message}`, error)
  }
}

/** What is neither a file nor a pipe is not opened: that alone may do something, or wait for ever. */
function chunksIn(path: string, named: string, status: Stats, clock: Clock): AsyncIterable<Uint8Array> {
  if (status.isFile() || status.isDirectory()) return createReadStream(path, { end: MOST_BYTES })
  if (status.isFIFO()) return writtenChunks(path, named, clock)
  const kind = status.isSocket() ? "a socket" : "a device"
  throw wholeError(named, `is ${kind}; name a file, or - for the standard input`)
}

async function* writtenChunks(path: string, named: string, clock: Clock): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksOfPipe(path, clock)
  } catch (error) {
    if (!(error instanceof SilentPipeError)) throw error
    const message = `is a pipe that nobody has written to for ${PIPE_DEADLINE_MS / 1000}s; start what writes to it, or name a file`
    throw wholeError(named, message, error)
  }
}

/** Reads no further than what is too much. */
async function textOf(named: string, chunks: AsyncIterable<Uint8Array | string>): Promise<string> {
  const read: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    const part = typeof chunk === "string" ? Buffer.from(chunk) : chunk
    bytes += part.length
    if (bytes > MOST_BYTES) throw wholeError(named, "is longer than 1 MiB, which no spec is; name another file")
    read.push(part)
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(read))
  } catch (error) {
    throw wholeError(named, "is no text in UTF-8; save it as that", error)
  }
}
