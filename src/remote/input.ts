/** Input: what a caller gives a command to read, before the command reads it. */
import { SpecError } from "../errors.js"
import type { SpawnOptions } from "./remote.js"

type Given = SpawnOptions["stdin"]

/** One of Node's, as far as it is looked at here. */
interface Stream {
  on(event: "error", listener: () => void): unknown
  destroy(): unknown
}

/**
 * Has a command begin, which may take its time. An error of a stream meanwhile is that of whoever reads it then, and no uncaught one. Where
 * the command did not begin, or failed, the stream is let go of: it may be an open file.
 */
export async function withInput<T>(given: Given, begin: () => Promise<T>): Promise<T> {
  const stream = isStream(given) ? given : undefined
  stream?.on("error", () => {})
  try {
    return await begin()
  } catch (error) {
    stream?.destroy()
    throw error
  }
}

/** @throws SpecError for what several commands cannot read: each of them would have a part of it. */
export function checkSharedInput(given: Given, workers: number): void {
  if (workers < 2 || !isReadOnce(given)) return
  const message = `is a stream, which can be read once, and ${workers} workers are to read it; give a text or bytes, or run the command on each worker with a stream of its own`
  throw new SpecError([{ option: "stdin", message }])
}

function isStream(given: Given): given is Exclude<Given, undefined | string> & Stream {
  const { on, destroy } = (given ?? {}) as Partial<Stream>
  return typeof on === "function" && typeof destroy === "function"
}

/** A stream of Node's or of the web, or what is its own iterator, as generators are. */
function isReadOnce(given: Given): boolean {
  if (given === undefined || typeof given === "string" || given instanceof Uint8Array) return false
  return isStream(given) || "getReader" in given || (given[Symbol.asyncIterator]() as object) === given
}
