/** Prefixed: the output of several workers, each line with its worker's name before it. */
import type { Surroundings } from "../../surroundings.js"

/** A line that is longer is shown in parts: nobody waits for an end of line that may never come. */
const LONGEST_LINE = 64 * 1024

export class Prefixed {
  readonly #begun = new Map<string, { readonly worker: string; readonly write: (text: string) => void; text: string }>()
  readonly #surroundings: Pick<Surroundings, "out" | "say">

  constructor(surroundings: Pick<Surroundings, "out" | "say">) {
    this.#surroundings = surroundings
  }

  take(worker: string, stream: "stdout" | "stderr", text: string): void {
    const key = `${stream} ${worker}`
    const write = stream === "stdout" ? this.#surroundings.out : this.#surroundings.say
    const one = this.#begun.get(key) ?? { worker, write, text: "" }
    const lines = (one.text + text).split("\n")
    one.text = lines.pop() ?? ""
    this.#begun.set(key, one)
    if (lines.length > 0) write(lines.map((line) => `${worker}: ${line}\n`).join(""))
    if (one.text.length >= LONGEST_LINE) this.#flush(one)
  }

  /** Writes the lines that have no end. */
  end(): void {
    for (const one of this.#begun.values()) if (one.text !== "") this.#flush(one)
  }

  #flush(one: { readonly worker: string; readonly write: (text: string) => void; text: string }): void {
    one.write(`${one.worker}: ${one.text}\n`)
    one.text = ""
  }
}
