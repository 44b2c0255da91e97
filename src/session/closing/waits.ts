/** Closing waits: calls that wait for a cluster which another call is closing. */
import type { Clock } from "../../calls/clock.js"
import { withDeadline } from "../../calls/deadline.js"
import { TimeoutError } from "../../errors.js"
import type { Ending } from "../../fleet/explain/explanation.js"
import type { Receipt } from "../../fleet/reports/receipt-types.js"
import { closedError, type ResolvedDetach } from "../../verbs/verbs.js"
import type { Opening } from "../opening.js"
import type { Session } from "../session.js"

interface Waiting {
  readonly clock: Clock
  /** Of the cluster. */
  readonly name: string
}

/** A `detach` while the cluster is closing: it resolves when the close has ended, and the caller of `close` gets the outcome. */
export async function untilClosed(
  { clock, name }: Waiting,
  closing: Promise<Receipt>,
  { timeoutMs, signal }: ResolvedDetach,
): Promise<void> {
  const ended = closing.then(
    () => {},
    () => {},
  )
  const late = () => new TimeoutError(`detaching "${name}": it is closing, and that goes on`)
  await withDeadline(clock, ended, timeoutMs, late, signal)
}

/** A second `close`: waits for the close under way, for as long as its own timeout allows. */
export function closedIn({ clock, name }: Waiting, closing: Promise<Receipt>, timeoutMs: number): Promise<Receipt> {
  const seconds = Math.round(timeoutMs / 1000)
  const late = () =>
    new TimeoutError(`closing "${name}": after ${seconds} s what was closed before is not gone yet; that goes on`)
  return withDeadline(clock, closing, timeoutMs, late)
}

/** How a closed cluster ended. @param leaked how many things could not be confirmed gone. */
export function closedEnding(name: string, instances: number, leaked: number): Ending {
  const left = leaked === 0 ? "nothing of it is left" : `${leaked} things of it could not be confirmed gone`
  const ended = `${instances} instance${instances === 1 ? "" : "s"} ended`
  return { how: "closed", message: `"${name}" is closed: ${ended}, ${left}` }
}

/** The session of a cluster that is being opened; undefined, and the opening is abandoned, when it fails or takes longer. */
export async function openedOrAbandoned(
  { clock, name }: Waiting,
  opening: Opening,
  timeoutMs: number,
): Promise<Session | undefined> {
  try {
    return await withDeadline(clock, opening.outcome(), timeoutMs, () => closedError(name))
  } catch (error) {
    opening.abandon(error as Error)
    return undefined
  }
}
