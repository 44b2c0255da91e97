/** A stream that may be slow, or closed by its reader: what cannot be written is lost, and ends nothing. */
import type { ProgressStream } from "./look.js"

/** Streams whose errors are heard already. */
const guarded = new WeakMap<ProgressStream, Output>()

export class Output {
  readonly stream: ProgressStream
  #isOpen = true
  #isFull = false

  private constructor(stream: ProgressStream) {
    this.stream = stream
    // A reader that has gone (`| head`), a terminal that has hung up. Also what is reported after the last line is heard.
    stream.on("error", () => {
      this.#isOpen = false
    })
    stream.on("drain", () => {
      this.#isFull = false
    })
  }

  /** One for each stream. */
  static to(stream: ProgressStream): Output {
    const known = guarded.get(stream) ?? new Output(stream)
    guarded.set(stream, known)
    return known
  }

  /** It takes what is written, now. */
  get isReady(): boolean {
    return this.#isOpen && !this.#isFull
  }

  write(text: string): void {
    if (!this.#isOpen || !this.stream.writable) return
    try {
      this.#isFull = !this.stream.write(text)
    } catch {
      this.#isOpen = false
    }
  }
}
