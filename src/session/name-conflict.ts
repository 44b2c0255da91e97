/**
 * Name conflict: another new cluster has claimed the name. The instances that this object launched are ended. Then the object joins
 * the other cluster (`existing: "connect"`), or has ended.
 */
import type { Clock } from "../calls/clock.js"
import { withDeadline } from "../calls/deadline.js"
import { OwnershipError, TimeoutError } from "../errors.js"
import type { Closed } from "../fleet/closing.js"
import type { Opening } from "./opening.js"
import type { Session } from "./session.js"

/** As long as closing may take. */
const LONGEST_MS = 15 * 60_000

export interface NameConflictOptions {
  readonly clock: Clock
  readonly opening: Opening
  /** Whether this object joins the cluster that has the name. */
  readonly joins: () => boolean
  /** Called when the object does not join it. */
  readonly onEnd: (error: OwnershipError, closed: Closed) => void
}

/** The error of a cluster that another new one has taken the name of; with what could not be confirmed gone. */
export function conflictError(error: OwnershipError, leak: Error | undefined): OwnershipError {
  if (leak === undefined) return error
  return new OwnershipError(`${error.message}; ${leak.message}`, { code: error.code, cause: leak })
}

export class NameConflict {
  /** The uids whose instances this process has ended. */
  readonly ended: string[] = []
  readonly #options: NameConflictOptions
  #ending: Promise<void> | undefined

  constructor(options: NameConflictOptions) {
    this.#options = options
  }

  /** Begins to end the instances; pending calls of verbs use `wait`. */
  begin(session: Session, error: OwnershipError, onProblem: (problem: Error) => void): void {
    this.#ending ??= this.#endOwn(session, error).finally(() => {
      this.#ending = undefined
    })
    this.#ending.catch(onProblem)
  }

  /**
   * Resolves when the conflict is over, or when there is none.
   *
   * @throws TimeoutError after `ms`, the signal's reason, or why the other cluster could not be joined.
   */
  async wait(ms = 2 * LONGEST_MS, signal?: AbortSignal): Promise<void> {
    if (this.#ending === undefined) return
    const late = () => new TimeoutError("another cluster has the name, and what this one made is still being ended")
    await withDeadline(this.#options.clock, this.#ending, ms, late, signal)
  }

  async #endOwn(session: Session, error: OwnershipError): Promise<void> {
    const { clock, opening, joins, onEnd } = this.#options
    const targets = session.targets()
    const closed = await session.yieldName(error, LONGEST_MS)
    if (closed.error !== undefined || !joins()) {
      onEnd(error, closed)
      return
    }
    this.ended.push(session.fleet.owner.uid)
    opening.reset()
    // Lists may not show the other cluster's claim yet.
    await clock.sleep(session.fleet.providers[0]?.limits.look.everyMs ?? 0)
    const next = await opening.wait("joining")
    if (joins()) await next.resume(targets, session.bills())
  }
}
