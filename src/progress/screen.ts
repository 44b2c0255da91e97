/** The part of a terminal in which frames are redrawn, one below the other: what has not changed is not written again. */
import { stripVTControlCharacters } from "node:util"
import { onEnd } from "./endings.js"
import type { ProgressStream } from "./look.js"
import { Output } from "./output.js"
import { MOST_LINES, type Size } from "./terminal.js"
import { cellsIn, clip } from "./words.js"

const ESCAPE = "\u001b["
const HIDE_CURSOR = `${ESCAPE}?25l`
const SHOW_CURSOR = `${ESCAPE}?25h`
/** Between these a terminal that knows them shows nothing half drawn. */
const BEGIN_FRAME = `${ESCAPE}?2026h`
const END_FRAME = `${ESCAPE}?2026l`
const ERASE_TO_END_OF_LINE = `${ESCAPE}K`
const ERASE_BELOW = `${ESCAPE}J`

/** An eye follows no more than ten a second. */
const LEAST_MS = 100
/** For a slow line: each draw is followed by so much time that no more is written on average. */
const MOST_BYTES_PER_SECOND = 6_000

/** More frames than these, or than the terminal has rows, are a line each, and the rest are counted. */
const MOST_FRAMES = MOST_LINES

/** The lines of a frame for a size, painted. */
export type Frame = (size: Size) => readonly string[]

const screens = new WeakMap<ProgressStream, Screen>()

export class Screen {
  readonly #output: Output
  #frames: readonly Frame[] = []
  #drawn: readonly string[] = []
  #columns = 0
  #nextAt = Number.NEGATIVE_INFINITY
  #forget = () => {}
  /** Frames whose owners write something else meanwhile: nothing is drawn. */
  readonly #paused = new Set<Frame>()
  /** The frames were erased because the program handles a signal; they are not drawn again yet. */
  #isErased = false

  private constructor(output: Output) {
    this.#output = output
  }

  /** One for each terminal. */
  static on(stream: ProgressStream): Screen {
    const known = screens.get(stream) ?? new Screen(Output.to(stream))
    screens.set(stream, known)
    return known
  }

  add(frame: Frame): void {
    if (this.#frames.length === 0) this.#forget = onEnd((goesOn) => this.#end(goesOn))
    this.#frames = [...this.#frames, frame]
  }

  /** Takes all frames off the terminal and gives the cursor back, until each frame that was paused is resumed. */
  pause(frame: Frame): void {
    if (!this.#frames.includes(frame)) return
    this.#paused.add(frame)
    this.#erase()
    this.#isErased = false
  }

  /** With the next `draw` the frames are back, below what was written meanwhile. */
  resume(frame: Frame): void {
    this.#paused.delete(frame)
    this.#nextAt = Number.NEGATIVE_INFINITY
  }

  /** Leaves a frame's last state in view, above the others; with the last one the cursor is given back. */
  remove(frame: Frame): void {
    if (!this.#frames.includes(frame)) return
    this.#paused.delete(frame)
    const others = this.#frames.filter((one) => one !== frame)
    // It is asked once: a moment later it may be longer or shorter.
    const last = frame(this.#share(this.#frames.length))
    if (this.#paused.size > 0) {
      this.#output.write(`${last.join("\n")}\n`)
      this.#frames = others
      return
    }
    this.#write(last, others)
    this.#frames = others
    if (others.length > 0) {
      this.#drawn = this.#drawn.slice(last.length)
      return
    }
    this.#settle()
    this.#forget()
  }

  /** Writes whole lines above the frames. */
  say(text: string): void {
    const { columns } = this.#share(1)
    if (this.#drawn.length === 0) this.#output.write(`${text}\n`)
    else this.#output.write(`${BEGIN_FRAME}${this.#erased(columns)}${text}\n${this.#drawn.join("\n")}${END_FRAME}`)
    this.#columns = columns
  }

  /** @param speed how many milliseconds of `now` pass in one of the terminal's. */
  draw(now: number, speed: number): void {
    if (now < this.#nextAt || !this.#output.isReady || this.#paused.size > 0) return
    const bytes = this.#write([], this.#frames)
    this.#nextAt = now + speed * Math.max(LEAST_MS, (1_000 * bytes) / MOST_BYTES_PER_SECOND)
  }

  /** A program that handles a signal may ask something and go on: no old frame stays above. One that ends leaves its last state. */
  #end(goesOn: boolean): void {
    if (goesOn) {
      this.#isErased = this.#drawn.length > 0 || this.#isErased
      this.#erase()
      return
    }
    if (this.#isErased) this.#write([], this.#frames)
    this.#settle()
  }

  /** Lets what others write begin below the frame; the next frame begins below that. */
  #settle(): void {
    if (this.#drawn.length > 0) this.#output.write(`\n${SHOW_CURSOR}`)
    this.#drawn = []
  }

  /** Lets what others write begin where the frames began. */
  #erase(): void {
    if (this.#drawn.length > 0) this.#output.write(`${this.#erased(this.#size().columns)}${SHOW_CURSOR}`)
    this.#drawn = []
  }

  /** A terminal that was given no size, as by some that run programs for others, says 0. */
  #size(): Size {
    const { columns = 0, rows = 0 } = this.#output.stream
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 }
  }

  /** The size of each of so many frames. The last row stays free: what is written next must not push the first line out. */
  #share(frames: number): Size {
    const { columns, rows } = this.#size()
    return { columns, rows: Math.max(1, Math.floor((rows - 1) / frames)) }
  }

  /** The lines of the frames, at most so many: where there are too many frames, a line of the first ones and how many more there are. */
  #lines(frames: readonly Frame[], most: number): readonly string[] {
    const { columns, rows } = this.#share(Math.max(1, frames.length))
    if (frames.length <= Math.min(most, MOST_FRAMES))
      return frames.flatMap((frame) => frame({ columns, rows })).slice(0, most)
    const shown = frames.slice(0, Math.max(0, Math.min(most, MOST_LINES) - 1))
    const lines = shown.flatMap((frame) => frame({ columns, rows: 1 }).slice(0, 1))
    const rest = frames.length - shown.length
    return [...lines, clip(shown.length === 0 ? `${rest} clusters` : `and ${rest} more`, columns - 1, false)]
  }

  /** @param above lines that stay as they are, and no longer belong to a frame. */
  #write(above: readonly string[], frames: readonly Frame[]): number {
    const { columns, rows } = this.#size()
    const most = Math.max(1, rows - 1)
    const room = most - above.length
    const lines = [...above, ...(room > 0 ? this.#lines(frames, room) : [])].slice(0, most)
    const text = this.#drawn.length === 0 ? begun(lines) : this.#changed(lines, columns)
    this.#drawn = lines
    this.#columns = columns
    this.#isErased = false
    if (text === "") return 0
    const whole = `${BEGIN_FRAME}${text}${END_FRAME}`
    this.#output.write(whole)
    return Buffer.byteLength(whole)
  }

  #changed(lines: readonly string[], columns: number): string {
    if (columns === this.#columns) return difference(this.#drawn, lines)
    return `${this.#erased(columns)}${lines.join("\n")}`
  }

  /** To where the frames began, with nothing of them left. */
  #erased(columns: number): string {
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line, columns), 0)
    return `${up(rows - 1)}${ERASE_BELOW}`
  }
}

function begun(lines: readonly string[]): string {
  return `${HIDE_CURSOR}\r${ERASE_BELOW}${lines.join("\n")}`
}

/** From the last line of `before` to the last one of `lines`; empty when they are the same. */
function difference(before: readonly string[], lines: readonly string[]): string {
  const isShorter = lines.length < before.length
  const last = lines.length - 1
  const isChanged = (line: string, at: number) => line !== before[at] || (isShorter && at === last)
  const first = lines.findIndex(isChanged)
  if (first < 0) return ""
  const text = lines
    .slice(first)
    .map((line, at) => (isChanged(line, first + at) ? `${line}${ERASE_TO_END_OF_LINE}` : ""))
    .join("\n")
  return `${up(before.length - 1 - first)}${text}${isShorter ? ERASE_BELOW : ""}`
}

/** To the first column, so many lines above. */
function up(lines: number): string {
  return lines > 0 ? `\r${ESCAPE}${lines}A` : `\r${lines < 0 ? "\n".repeat(-lines) : ""}`
}

/** A terminal that became narrower has broken the lines that were too wide for it. */
function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(cellsIn(stripVTControlCharacters(line)) / columns))
}
