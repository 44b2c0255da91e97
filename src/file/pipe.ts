/** Pipe: what comes out of a named pipe, without ever waiting inside of the system, where no signal would end the process. */
import { constants, type FileHandle, open } from "node:fs/promises"
import type { Clock } from "../calls/clock.js"

/** Who writes to a pipe may have to ask a server or a person first. */
export const PIPE_DEADLINE_MS = 30_000

/** How often a pipe is looked at in which nothing is yet. */
const LOOK_MS = 20

const CHUNK_BYTES = 64 * 1024

/** Nothing has come out of a pipe for as long as `PIPE_DEADLINE_MS`. */
export class SilentPipeError extends Error {}

/** @throws SilentPipeError; what the system says of a path that cannot be opened. */
export async function* chunksOfPipe(path: string, clock: Clock): AsyncGenerator<Uint8Array> {
  // Opened in the usual way it would wait for a writer, in a thread that nothing ends.
  const handle = await clock.busy("opening a pipe", open(path, constants.O_RDONLY | constants.O_NONBLOCK))
  try {
    let [hasBegun, since] = [false, clock.now()]
    for (;;) {
      const chunk = await clock.busy("reading a pipe", readNow(handle))
      if (chunk !== undefined && chunk.length > 0) {
        hasBegun = true
        yield chunk
        since = clock.now()
        continue
      }
      // Its end, or, before anything has come, that nobody has opened it for writing.
      if (chunk !== undefined && hasBegun) return
      if (clock.now() - since >= PIPE_DEADLINE_MS) throw new SilentPipeError()
      await clock.sleep(LOOK_MS)
    }
  } finally {
    await clock.busy("closing a pipe", handle.close())
  }
}

/** What is there: empty at its end or without a writer, undefined where a writer has written nothing yet. */
async function readNow(handle: FileHandle): Promise<Uint8Array | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined
    throw error
  }
}
