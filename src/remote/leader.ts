/** Leader: the error output of a command that tells its process's number first. */
import { randomBytes } from "node:crypto"
import { type Readable, Transform, type Writable } from "node:stream"

/** What comes before the number, in a line of its own: nobody else writes that. */
export function newMark(): string {
  return `muster-${randomBytes(8).toString("hex")} `
}

/** A first line longer than this is none of ours. */
const MOST_BEFORE = 65_536

/** The error output of a command, without the line that says its process's number. What a shell's own start writes comes before it. */
export class Leader extends Transform {
  readonly pid: Promise<string>
  readonly #mark: string
  #tell: (pid: string) => void = () => {}
  #before: Buffer | undefined = Buffer.alloc(0)

  constructor(mark: string) {
    super()
    this.#mark = mark
    this.pid = new Promise((resolve) => {
      this.#tell = resolve
    })
  }

  /** What came while no number did. */
  get said(): string {
    return this.#before?.toString() ?? ""
  }

  override _transform(bytes: Buffer, _: BufferEncoding, done: (error: null, out?: Buffer) => void): void {
    if (this.#before === undefined) {
      done(null, bytes)
      return
    }
    const all = Buffer.concat([this.#before, bytes])
    const at = all.indexOf(this.#mark)
    const end = at < 0 ? -1 : all.indexOf("\n", at)
    if (end < 0 && all.length < MOST_BEFORE) {
      this.#before = all
      done(null)
      return
    }
    this.#before = undefined
    if (end < 0) {
      done(null, all)
      return
    }
    this.#tell(all.subarray(at + this.#mark.length, end).toString())
    done(null, Buffer.concat([all.subarray(0, at), all.subarray(end + 1)]))
  }

  override _flush(done: (error: null, out?: Buffer) => void): void {
    done(null, this.#before)
  }
}

/**
 * Hands a command's output on. Whoever stops reading before its end lets go of the rest, which is thrown away: what is not read to its
 * end is never closed, and the command's end never told.
 */
export function handOn<T extends Writable>(from: Readable, to: T): T {
  from.pipe(to)
  to.once("close", () => from.resume())
  return to
}
