/** Link: one program on a worker over one channel. It beats, hears whether the other side does, and tells when it is gone. */
import type { Clock } from "../../calls/clock.js"
import { withDeadline } from "../../calls/deadline.js"
import { TimeoutError, TransientError } from "../../errors.js"
import type { RemoteProcess } from "../../remote/remote.js"
import type { Gone, Runner } from "../farm/runner.js"
import { SUPERSEDED } from "./program.js"

/** Each side says so often that it lives, and takes the other for gone after so long. */
export const [BEAT_MS, SILENT_MS] = [15_000, 60_000]
/** A program that was told to end has so long. */
const END_MS = 15_000
/** One that was given up is killed after so long. */
const KILL_MS = 5000
/** Of what the program itself says, the last that is told when it ends. */
const MOST_WORDS = 2000

export interface LinkOptions {
  readonly process: RemoteProcess
  readonly clock: Clock
  /** What says that this side lives, and what tells the program to end. */
  readonly beat: string | Uint8Array
  readonly end: string | Uint8Array
  /** Takes what the program writes. What it throws ends the link. */
  readonly read: (bytes: Uint8Array) => void
}

export class Link {
  /** Resolves with the reason once the program or the connection is gone. */
  readonly gone: Promise<Gone>
  readonly #options: LinkOptions
  #heardAt: number
  #words = ""
  #tell: (gone: Gone) => void = () => {}
  #cancelBeat = () => {}
  readonly #hello: Promise<void>
  #greet: () => void = () => {}
  #isGone = false
  /** What tells those who use the program now. */
  readonly #users = new Set<(gone: Gone) => void>()
  #closing: Promise<void> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    const { process, clock, read } = options
    this.#heardAt = clock.now()
    this.gone = new Promise((resolve) => {
      this.#tell = resolve
    })
    this.#hello = new Promise((resolve) => {
      this.#greet = resolve
    })
    void this.gone.then((gone) => {
      this.#isGone = true
      this.#cancelBeat()
      for (const tell of this.#users) tell(gone)
      this.#users.clear()
    })
    process.stdout.on("data", (bytes) => {
      this.#heardAt = clock.now()
      try {
        read(bytes)
      } catch (error) {
        this.#giveUp(`what its runner wrote could not be read: ${(error as Error).message}`)
      }
    })
    process.stderr.on("data", (bytes) => {
      this.#words = (this.#words + Buffer.from(bytes).toString()).slice(-MOST_WORDS)
    })
    process.ended.then(
      ({ exitCode }) => this.#tell(this.#endOf(exitCode)),
      (error: unknown) => this.#tell({ why: (error as Error).message }),
    )
    this.#beat()
  }

  /**
   * What each runner by this program has of it. A promise keeps what waits for it for as long as it is open, and the program outlives many
   * who use it: `gone` is the runner's own, until it leaves.
   *
   * @param leave what is called when the runner is needed no more.
   */
  lent(leave: () => Promise<void>): Pick<Runner, "gone" | "leave" | "close"> {
    const close = () => this.close()
    if (this.#isGone) return { gone: this.gone, leave, close }
    let tell: (gone: Gone) => void = () => {}
    const gone = new Promise<Gone>((resolve) => {
      tell = resolve
    })
    this.#users.add(tell)
    return {
      gone,
      leave: () => {
        this.#users.delete(tell)
        return leave()
      },
      close,
    }
  }

  /** The program has said its first words. */
  hello(): void {
    this.#greet()
  }

  /** @throws TransientError when it is gone before its first words; TimeoutError when they take longer. It is ended then. */
  async untilHello(ms: number): Promise<void> {
    const late = () => new TimeoutError(`its runner did not begin within ${ms / 1000} s`)
    const gone = this.gone.then(({ why }) => Promise.reject(new TransientError(why)))
    try {
      await withDeadline(this.#options.clock, Promise.race([this.#hello, gone]), ms, late)
    } catch (error) {
      void this.close()
      throw error
    }
  }

  send(bytes: string | Uint8Array): void {
    if (!this.#isGone) this.#options.process.stdin.write(bytes)
  }

  /** Tells the program to end, and waits until it has, or is given up. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const { process, clock, end } = this.#options
    if (!this.#isGone) process.stdin.end(end)
    const cancel = clock.timer(END_MS, () => this.#giveUp("its runner did not end"))
    await this.gone
    cancel()
  }

  #beat(): void {
    if (this.#isGone) return
    const { clock, beat } = this.#options
    const silentMs = clock.now() - this.#heardAt
    if (silentMs >= SILENT_MS) {
      this.#giveUp(`nothing was heard of it for ${Math.round(silentMs / 1000)} s`)
      return
    }
    this.send(beat)
    this.#cancelBeat = clock.timer(BEAT_MS, () => this.#beat())
  }

  /** A program that still hears ends its tasks at SIGTERM. */
  #giveUp(why: string): void {
    const { process, clock } = this.#options
    process.kill("SIGTERM")
    const cancel = clock.timer(KILL_MS, () => process.kill("SIGKILL"))
    process.ended.then(cancel, cancel)
    this.#tell({ why })
  }

  #endOf(exitCode: number): Gone {
    const words = this.#words.trim()
    const why = `its runner ended with exit code ${exitCode}${words === "" ? "" : `: ${words}`}`
    return exitCode === SUPERSEDED ? { why, isSuperseded: true } : { why }
  }
}
