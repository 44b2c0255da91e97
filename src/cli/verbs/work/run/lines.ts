/** Lines: the inputs of tasks, one a line, read no faster than they are used. */
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { SpecError } from "../../../../errors.js"
import type { Surroundings } from "../../../surroundings.js"

const NEWLINE = 10
const RETURN = 13
/** Linux takes no argument that is longer (MAX_ARG_STRLEN, 32 pages: execve(2)). */
const MOST_BYTES = 128 * 1024

export interface Lines {
  /** Of a file that can be read again. */
  readonly bytes?: number
  readonly lines: () => AsyncGenerator<string, void, undefined>
  /** How many there are. @throws SpecError where they can be read only once. */
  readonly count: () => Promise<number>
}

/** @param path a file, or "-" for standard input. @throws SpecError when it cannot be read. */
export async function linesIn(path: string, { input }: Pick<Surroundings, "input">): Promise<Lines> {
  if (path === "-") {
    const lines = () => linesOf(input ?? [], "standard input")
    return { lines, count: () => Promise.reject(onlyOnce("standard input")) }
  }
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "there is no such file" : error.message
    throw new SpecError([{ option: "--each", value: path, message: `${path}: ${why}` }])
  })
  if (found.isDirectory()) {
    const message = `${path} is a directory; name a file with one input a line, or - for standard input`
    throw new SpecError([{ option: "--each", value: path, message }])
  }
  const lines = () => linesOf(createReadStream(path), path)
  const count = async () => {
    if (!found.isFile()) throw onlyOnce(path)
    let all = 0
    for await (const _line of lines()) all += 1
    return all
  }
  return { lines, count, ...(found.isFile() ? { bytes: found.size } : {}) }
}

function onlyOnce(name: string): SpecError {
  const message = `${name} can be read only once, and {##} needs to know before how many lines it has; write them to a file`
  return new SpecError([{ option: "{##}", message }])
}

/**
 * Lines end with a newline, also with a carriage return before it; the last may end without. Empty ones are left out, as xargs does.
 *
 * @throws SpecError for a line that is no text, or too long for an argument.
 */
export async function* linesOf(
  source: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>,
  name: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let waiting: readonly Buffer[] = []
  let waitingBytes = 0
  let number = 0
  const lineOf = (bytes: Buffer): string => {
    number += 1
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length
    const problem = (message: string) =>
      new SpecError([{ option: "--each", message: `${name}, line ${number}: ${message}` }])
    if (end > MOST_BYTES) throw problem(`is longer than ${MOST_BYTES} bytes, which no command takes as an argument`)
    if (bytes.includes(0)) throw problem("has a zero byte, which no argument can have")
    try {
      return decoder.decode(bytes.subarray(0, end))
    } catch {
      throw problem("is not UTF-8")
    }
  }
  for await (const piece of source) {
    const bytes = Buffer.from(piece as Uint8Array)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      const line = lineOf(Buffer.concat([...waiting, bytes.subarray(from, end)]))
      from = end + 1
      waiting = []
      waitingBytes = 0
      if (line !== "") yield line
    }
    waiting = [...waiting, bytes.subarray(from)]
    waitingBytes += bytes.length - from
    if (waitingBytes > MOST_BYTES + 1) lineOf(Buffer.concat(waiting))
  }
  const last = Buffer.concat(waiting)
  const line = last.length === 0 ? "" : lineOf(last)
  if (line !== "") yield line
}
