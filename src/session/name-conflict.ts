/**
 * Yielding: another new cluster has the name. What this one made under it is ended; then this object goes on as that cluster
 * (`existing: "connect"`), or is over.
 */
import type { Clock } from "../calls/clock.js"
import { within } from "../calls/deadline.js"
import { type OwnershipError, TimeoutError } from "../errors.js"
import type { Closed } from "../fleet/closing.js"
import type { Opening } from "./opening.js"
import type { Session } from "./session.js"

/** As long as closing may take. */
const LONGEST_MS = 15 * 60_000

export interface YieldingOptions {
  readonly clock: Clock
  readonly opening: Opening
  /** Whether this object goes on as the cluster that has the name. */
  readonly joins: () => boolean
  /** It does not. */
  readonly onEnd: (error: OwnershipError, closed: Closed) => void
}

export class Yielding {
  /** Uids under which this process has ended what it made. */
  readonly ended: string[] = []
  readonly #options: YieldingOptions
  #underWay: Promise<void> | undefined

  constructor(options: YieldingOptions) {
    this.#options = options
  }

  /** Begins; who has a call of a verb under way waits for it there. */
  begin(session: Session, error: OwnershipError, tell: (problem: Error) => void): void {
    this.#underWay ??= this.#yield(session, error).finally(() => {
      this.#underWay = undefined
    })
    this.#underWay.catch(tell)
  }

  /**
   * Resolves when it is over, or none is under way.
   *
   * @throws TimeoutError after `ms`, the signal's reason, or why the other cluster could not be joined.
   */
  async wait(ms = 2 * LONGEST_MS, signal?: AbortSignal): Promise<void> {
    if (this.#underWay === undefined) return
    const late = () => new TimeoutError("another cluster has the name, and what this one made is still being ended")
    await within(this.#options.clock, this.#underWay, ms, late, signal)
  }

  async #yield(session: Session, error: OwnershipError): Promise<void> {
    const { clock, opening, joins, onEnd } = this.#options
    const targets = session.targets()
    const closed = await session.yieldName(error, LONGEST_MS)
    if (closed.error !== undefined || !joins()) {
      onEnd(error, closed)
      return
    }
    this.ended.push(session.fleet.owner.uid)
    opening.reset()
    // Whoever claimed it a moment ago may not be shown yet.
    await clock.sleep(session.fleet.providers[0]?.limits.look.everyMs ?? 0)
    const next = await opening.wait("joining")
    if (joins()) await next.resume(targets, session.bills())
  }
}
