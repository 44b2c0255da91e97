/** A terminal of so many columns and rows, as far as frames use one: what stands on it, and how many lines it lost at the top. */
import { Writable } from "node:stream"

/** Colours, and where a frame begins and ends. */
const IGNORED = /^\[(\?2026[hl]|[\d;]*m)$/

export class TerminalDouble extends Writable {
  readonly isTTY = true
  columns: number
  rows: number
  /** Lines that went out at the top. */
  scrolled = 0
  /** Lines that were too wide and broke. */
  broken = 0
  isCursorShown = true
  /** Bytes by the second in which they were written. */
  readonly bytes = new Map<number, number>()
  readonly #now: () => number
  #lines: string[][] = [[]]
  #row = 0
  #column = 0

  constructor(columns: number, rows: number, now: () => number = () => 0) {
    super({ decodeStrings: false })
    this.columns = columns
    this.rows = rows
    this.#now = now
  }

  /** What stands on the screen, without the blank lines below. */
  get text(): string {
    const lines = this.#lines.map((line) =>
      Array.from(line, (cell = " ") => cell)
        .join("")
        .trimEnd(),
    )
    return lines.join("\n").trimEnd()
  }

  get mostBytesInASecond(): number {
    return Math.max(0, ...this.bytes.values())
  }

  /** As terminals do that break a line anew which has no room any more. */
  resize(columns: number, rows: number): void {
    const before = this.#lines
    const row = this.#row
    this.columns = columns
    this.rows = rows
    this.#lines = []
    for (const [at, line] of before.entries()) {
      for (let from = 0; from === 0 || from < line.length; from += columns)
        this.#lines.push(line.slice(from, from + columns))
      if (at === row) this.#row = this.#lines.length - 1
    }
    this.#column = Math.min(this.#column, columns)
    for (; this.#row >= rows; this.#row -= 1) {
      this.#lines.shift()
      this.scrolled += 1
    }
    this.emit("resize")
  }

  override _write(chunk: string | Buffer, _encoding: string, done: () => void): void {
    const text = chunk.toString()
    const second = Math.floor(this.#now() / 1_000)
    this.bytes.set(second, (this.bytes.get(second) ?? 0) + Buffer.byteLength(text))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals obey is meant.
    for (const part of text.match(/\u001b\[[?\d;]*[A-Za-z]|[^\u001b]/gu) ?? []) this.#obey(part)
    done()
  }

  #obey(part: string): void {
    if (!part.startsWith("\u001b")) this.#put(part)
    else if (part === "\u001b[?25l") this.isCursorShown = false
    else if (part === "\u001b[?25h") this.isCursorShown = true
    else if (part.endsWith("A")) this.#row = Math.max(0, this.#row - Number(part.slice(2, -1)))
    else if (part === "\u001b[K") this.#line().length = Math.min(this.#line().length, this.#column)
    else if (part === "\u001b[J") {
      this.#line().length = Math.min(this.#line().length, this.#column)
      this.#lines.length = this.#row + 1
    } else if (!IGNORED.test(part.slice(1))) throw new Error(`not known: ${JSON.stringify(part)}`)
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0
    else if (character === "\n") this.#down()
    else {
      if (this.#column >= this.columns) {
        this.broken += 1
        this.#down()
      }
      this.#line()[this.#column] = character
      this.#column += 1
    }
  }

  /** As a terminal's driver has it, to the first column too. */
  #down(): void {
    this.#column = 0
    this.#row += 1
    if (this.#row < this.rows) return
    this.#lines.shift()
    this.scrolled += 1
    this.#row -= 1
  }

  #line(): string[] {
    for (let at = this.#lines.length; at <= this.#row; at += 1) this.#lines.push([])
    return this.#lines[this.#row] ?? []
  }
}
