/** Opening: the way from a spec to a session. It is begun once, waited for with a deadline, and may be given up. */
import type { Clock } from "../calls/clock.js"
import { withDeadline } from "../calls/deadline.js"
import { TimeoutError } from "../errors.js"
import type { ClusterEventBody } from "../events.js"
import { inWords } from "../fleet/explain/explain-text.js"
import type { Ending, Explanation } from "../fleet/explain/explanation.js"
import type { Session } from "./session.js"
import { unansweredText } from "../text.js"

/** The longest wait of a caller without a deadline of its own. */
const LONGEST_MS = 10 * 60_000

export class Opening {
  readonly #name: string
  readonly #clock: Clock
  readonly #begin: (abort: AbortController) => Promise<Session>
  #abort: AbortController | undefined
  #opened: Promise<Session> | undefined
  #session: Session | undefined
  /** The error message of the last answer of each place; undefined where that answer was no error. */
  readonly #answers = new Map<string, string | undefined>()

  /** @param begin opens the session; `abort` ends its requests to the cloud, and the session then keeps it. */
  constructor(name: string, clock: Clock, begin: (abort: AbortController) => Promise<Session>) {
    this.#name = name
    this.#clock = clock
    this.#begin = begin
  }

  get session(): Session | undefined {
    return this.#session
  }

  /** Somebody has asked for it, and it has not failed. */
  get isBegun(): boolean {
    return this.#opened !== undefined
  }

  /**
   * The session; the first call begins to open it, and one after a failure tries again. The opening goes on when a wait for it
   * has ended. A wait whose signal was aborted before begins nothing.
   *
   * @throws TimeoutError after `ms`, the signal's reason, or why it could not be opened.
   */
  async wait(action: string, ms = LONGEST_MS, signal?: AbortSignal): Promise<Session> {
    signal?.throwIfAborted()
    this.#opened ??= this.#open()
    return withDeadline(this.#clock, this.#opened, ms, () => this.#late(action, ms), signal)
  }

  /** Records the answers that arrive while the session opens. */
  recordAnswer(event: ClusterEventBody): void {
    if (event.type === "call") this.#answers.set(`${event.provider} ${event.region}`, event.message)
  }

  /** The message of the last failed answer; undefined where no cloud was asked, or all answer. */
  get lastAnswer(): string | undefined {
    return [...this.#answers.values()].find((message) => message !== undefined)
  }

  /** How the cluster stands, as far as that is known. @param ended left out while the cluster is held or watched. */
  explain(ended: Ending | undefined): Explanation {
    const { lastAnswer: opening } = this
    const nothing = { cluster: this.#name, at: this.#clock.now(), groups: [], unavailable: [] }
    const known = this.#session?.explain() ?? inWords({ ...nothing, ...(opening === undefined ? {} : { opening }) })
    return ended === undefined ? known : inWords({ ...known, ended })
  }

  /** The session, once it is open; undefined when no caller has asked for it, or opening it failed. */
  async outcome(): Promise<Session | undefined> {
    return this.#session ?? (await this.#opened?.catch(() => undefined))
  }

  /** Forgets a session that has ended: the next wait opens a new one. */
  reset(): void {
    this.#session = undefined
    this.#opened = undefined
  }

  /** Stops the opening: its callers are rejected with `reason`. A session that is open already is not affected. */
  abandon(reason: Error): void {
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
      // The cause may be corrected: the next call tries again.
      this.#opened = undefined
      throw error
    } finally {
      cancel()
    }
  }

  #late(action: string, ms: number): TimeoutError {
    return new TimeoutError(
      `${action} "${this.#name}": after ${Math.round(ms / 1000)} s it is not known yet what lives under this name; ${unansweredText(this.lastAnswer)}`,
    )
  }
}
