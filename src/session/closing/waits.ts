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

/** How a closed cluster ended. @param leaked how many things could not be confirmed gone. @param reason why it closed by itself. */
export function closedEnding(name: string, instances: number, leaked: number, reason?: string): Ending {
  const left = leaked === 0 ? "nothing of it is left" : `${leaked} things of it could not be confirmed gone`
  const ended = `${instances} instance${instances === 1 ? "" : "s"} ended`
  const why = reason === undefined ? "" : `; ${reason}`
  return { how: "closed", message: `"${name}" is closed: ${ended}, ${left}${why}` }
}

/**
 * The session to close; undefined where no call was made.
 *
 * @param joins a living cluster of the name is used as this one: it is opened for that.
 * @param undo called when it cannot be: nothing is confirmed ended then, and `close` may be called again.
 */
export async function sessionToClose(
  waiting: Waiting,
  opening: Opening,
  { timeoutMs, joins, undo }: { readonly timeoutMs: number; readonly joins: boolean; readonly undo: () => void },
): Promise<Session | undefined> {
  if (!joins) return openedOrAbandoned(waiting, opening, timeoutMs)
  try {
    return await opening.wait("closing", timeoutMs)
  } catch (error) {
    undo()
    throw error
  }
}

/** The session of a cluster that is being opened; undefined, and the opening is abandoned, when it fails or takes longer. */
async function openedOrAbandoned(
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
