/** Opening: the way from a spec to a session. It is begun once, waited for with a deadline, and may be given up. */
import type { Clock } from "../calls/clock.js"
import { within } from "../calls/deadline.js"
import { TimeoutError } from "../errors.js"
import type { ClusterEventBody } from "../events.js"
import type { Session } from "./session.js"
import { unansweredText } from "../text.js"

/** A cloud that says nothing for so long will not say it either to whoever waits without a deadline of their own. */
const LONGEST_MS = 10 * 60_000

export class Opening {
  readonly #name: string
  readonly #clock: Clock
  readonly #begin: (abort: AbortController) => Promise<Session>
  #abort: AbortController | undefined
  #opened: Promise<Session> | undefined
  #session: Session | undefined
  /** What each place was answered last, where that was not what it was asked for. */
  readonly #answers = new Map<string, string | undefined>()

  /** @param begin opens it; what it asks of the cloud ends with `abort`, which the session then keeps. */
  constructor(name: string, clock: Clock, begin: (abort: AbortController) => Promise<Session>) {
    this.#name = name
    this.#clock = clock
    this.#begin = begin
  }

  get session(): Session | undefined {
    return this.#session
  }

  /**
   * The session; the first call begins to open it, and one after a failure tries again. The opening goes on when a wait for it
   * has ended. A wait whose signal was aborted before begins nothing.
   *
   * @throws TimeoutError after `ms`, the signal's reason, or why it could not be opened.
   */
  async wait(doing: string, ms = LONGEST_MS, signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted()
    this.#opened ??= this.#open()
    return within(this.#clock, this.#opened, ms, () => this.#late(doing, ms), signal)
  }

  /** Hears what happens while it opens. */
  hear(event: ClusterEventBody): void {
    if (event.type === "call") this.#answers.set(`${event.provider} ${event.region}`, event.message)
  }

  /** What it waits for, in the words of the cloud that were its last; undefined where no cloud was asked, or all answer. */
  get lastAnswer(): string | undefined {
    return [...this.#answers.values()].find((words) => words !== undefined)
  }

  /** The session when one was opened, or is in the end; undefined when nobody has asked for it, or it failed. */
  async outcome(): Promise<Session | undefined> {
    return this.#session ?? (await this.#opened?.catch(() => undefined))
  }

  /** What was opened has ended, and is forgotten: the next wait opens anew. */
  reset(): void {
    this.#session = undefined
    this.#opened = undefined
  }

  /** Asks no more: whoever waits hears why. A session that is open already is not touched. */
  giveUp(reason: Error): void {
    if (this.#session === undefined) this.#abort?.abort(reason)
  }

  async #open(): Promise<Session> {
    const abort = new AbortController()
    this.#abort = abort
    const cancel = this.#clock.timer(LONGEST_MS, () => abort.abort(this.#late("opening", LONGEST_MS)))
    try {
      this.#session = await this.#begin(abort)
      return this.#session
    } catch (error) {
      // What failed may be mended: the next call tries again.
      this.#opened = undefined
      throw error
    } finally {
      cancel()
    }
  }

  #late(doing: string, ms: number): TimeoutError {
    return new TimeoutError(
      `${doing} "${this.#name}": after ${Math.round(ms / 1000)} s it is not known yet what lives under this name; ${unansweredText(this.lastAnswer)}`,
    )
  }
}
