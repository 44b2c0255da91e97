/** Frames: values between this process and a runner, each with its length before it. Both sides are Node. Pure. */
import { deserialize, serialize } from "node:v8"

const LENGTH_BYTES = 4
/** What one frame may hold: a length beyond that is not ours. */
const MOST_BYTES = 2 ** 31

/** A value that is larger is told to be: what carries it, on both sides and between two processes, has more than one copy of it. */
export const MOST_VALUE_BYTES = 2 ** 30

/** Comes before the first frame: what a shell's start has written before that is no frame. */
export const BEGINNING: Uint8Array = Buffer.from("\nmuster-frames\n")
const MOST_BEFORE = 65_536

/** @throws Error that cannot be cloned: a function, a promise. */
export function frame(value: unknown): Uint8Array {
  const body = serialize(value)
  const length = Buffer.allocUnsafe(LENGTH_BYTES)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

/**
 * A value on its way, in a frame or to another process.
 *
 * @throws Error that cannot be cloned; RangeError that is too large.
 */
export function packed(value: unknown): Uint8Array {
  const bytes = serialize(value)
  if (bytes.length <= MOST_VALUE_BYTES) return bytes
  throw new RangeError(
    `it has ${Math.round(bytes.length / 2 ** 20)} MiB, and at most ${MOST_VALUE_BYTES / 2 ** 20} travel: use files`,
  )
}

/** Takes bytes as they come, and gives the values that are whole. */
export class FrameReader {
  #pieces: Uint8Array[] = []
  #length = 0
  #wanted: number | undefined
  /** Not there yet. */
  #beginning: Uint8Array | undefined

  /** @param beginning what comes before the first frame; left out: nothing does. */
  constructor(beginning?: Uint8Array) {
    this.#beginning = beginning
  }

  /** @throws Error for bytes that are no frames. */
  *take(bytes: Uint8Array): Generator<unknown, void, undefined> {
    this.#pieces.push(bytes)
    this.#length += bytes.length
    if (this.#beginning !== undefined && !this.#hasBegun(this.#beginning)) return
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#length < LENGTH_BYTES) return
        this.#wanted = this.#cut(LENGTH_BYTES).readUInt32BE()
        if (this.#wanted > MOST_BYTES) throw new Error("what came is no frame")
      }
      if (this.#length < this.#wanted) return
      const body = this.#cut(this.#wanted)
      this.#wanted = undefined
      yield deserialize(body)
    }
  }

  #hasBegun(beginning: Uint8Array): boolean {
    const all = Buffer.concat(this.#pieces)
    const at = all.indexOf(beginning)
    if (at === -1 && all.length > MOST_BEFORE) throw new Error("frames did not begin")
    if (at !== -1) {
      this.#beginning = undefined
      const rest = all.subarray(at + beginning.length)
      this.#length = rest.length
      this.#pieces = [rest]
    }
    return at !== -1
  }

  /** The first bytes of those that wait; pieces are joined once a frame is whole, not with each that comes. */
  #cut(length: number): Buffer {
    const [first] = this.#pieces
    const isWhole = first !== undefined && first.length >= length
    const all = isWhole ? first : Buffer.concat(this.#pieces)
    const rest = all.subarray(length)
    this.#pieces = isWhole ? this.#pieces.slice(1) : []
    if (rest.length > 0) this.#pieces.unshift(rest)
    this.#length -= length
    return Buffer.from(all.buffer, all.byteOffset, length)
  }
}
