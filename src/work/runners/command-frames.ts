/** Command frames: what the program of shell writes. Pure. */

export interface CommandFrame {
  readonly words: readonly string[]
  readonly out: Buffer
  readonly err: Buffer
}

const NOTHING = Buffer.alloc(0)
const NEWLINE = 10
/** A header is some words. */
const MOST_HEADER_BYTES = 10_000

/** Takes bytes as they come, and gives the frames that are whole: a line, and for "done" what follows it. */
export class CommandFrames {
  #waiting: Buffer = NOTHING;

  *take(bytes: Uint8Array): Generator<CommandFrame, void, undefined> {
    this.#waiting = this.#waiting.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#waiting, bytes])
    for (;;) {
      const end = this.#waiting.indexOf(NEWLINE)
      if (end === -1) {
        if (this.#waiting.length > MOST_HEADER_BYTES) throw new Error("no line ends")
        return
      }
      const words = this.#waiting.toString("utf8", 0, end).split(" ")
      const [outBytes, errBytes] = words[0] === "done" ? words.slice(4).map(Number) : [0, 0]
      const [from, middle] = [end + 1, end + 1 + (outBytes ?? 0)]
      const to = middle + (errBytes ?? 0)
      if (Number.isNaN(to)) throw new Error(`"${words.join(" ")}" is no frame`)
      if (this.#waiting.length < to) return
      yield { words, out: this.#waiting.subarray(from, middle), err: this.#waiting.subarray(middle, to) }
      this.#waiting = this.#waiting.subarray(to)
    }
  }
}
