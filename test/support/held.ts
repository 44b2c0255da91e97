/** What this process holds after a full collection, which alone tells what is kept. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

export const MEBIBYTE = 2 ** 20

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void

/** In bytes, of the heap and of buffers beside it. */
export function heldBytes(): number {
  // What finalizers and weak references let go of in the first is gone with the second.
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The most that is held while pieces are read, beyond what is held now, in bytes. It is measured about 16 times. */
export async function mostHeld(pieces: AsyncIterable<{ readonly length: number }>, size: number): Promise<number> {
  const before = heldBytes()
  let [most, read, measured] = [0, 0, 0]
  for await (const { length } of pieces) {
    read += length
    if (read - measured < size / 16) continue
    measured = read
    most = Math.max(most, heldBytes() - before)
  }
  if (read < size) throw new Error(`only ${read} of ${size} bytes were read`)
  return most
}
