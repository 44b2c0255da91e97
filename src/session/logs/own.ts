/** Own: the log that a worker keeps itself, as text. Where it cannot be read its console is, and that is said once. */
import { StringDecoder } from "node:string_decoder"
import { followLog } from "../../remote/logs/follow.js"
import { type LogPlace, readLog } from "../../remote/logs/read.js"
import { followConsole, type FollowOptions, type LogSource } from "./console.js"

/** All that the log has, or so many lines of its end: at most some MiB. "" where it has nothing, or cannot be read. */
export async function readOwn(source: LogSource, place: LogPlace, lines: number | undefined): Promise<string> {
  const pieces: Uint8Array[] = []
  try {
    for await (const { bytes } of readLog(place, { lines, isFollowed: false })) pieces.push(bytes)
  } catch (error) {
    noteFallback(source, place, error)
    return ""
  }
  return Buffer.concat(pieces).toString()
}

/** What is there, and what comes, until the worker is gone or the signal is aborted. */
export async function* followOwn(
  source: LogSource,
  place: LogPlace,
  options: Omit<FollowOptions, "follow">,
): AsyncGenerator<string, void, undefined> {
  const { tail, signal } = options
  const decoder = new StringDecoder("utf8")
  const { clock, isLiving } = source
  try {
    for await (const { bytes } of followLog(place, { clock, isLiving, lines: tail, signal })) {
      const text = decoder.write(Buffer.from(bytes))
      if (text !== "") yield text
    }
    const rest = decoder.end()
    if (rest !== "") yield rest
  } catch (error) {
    if (signal?.aborted === true) return
    noteFallback(source, place, error)
    yield* followConsole(source, options)
  }
}

function noteFallback({ note }: LogSource, { worker }: LogPlace, error: unknown): void {
  note(`${worker}: its own log cannot be reached, so its console is read, which is slower: ${messageOf(error)}`)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
