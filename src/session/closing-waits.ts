/** Closing waits: who waits for a cluster that another call is closing. */
import type { Clock } from "../calls/clock.js"
import { within } from "../calls/deadline.js"
import { TimeoutError } from "../errors.js"
import type { Receipt } from "../fleet/reports/receipt-types.js"
import type { ResolvedDetach } from "../verbs/verbs.js"

interface Waiting {
  readonly clock: Clock
  /** Of the cluster. */
  readonly name: string
}

/** What is being ended is let go of when it has ended: whoever closes it hears what came of it. */
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
  await within(clock, ended, timeoutMs, late, signal)
}

/** What is being closed already, waited for no longer than this call was given. */
export function closedIn({ clock, name }: Waiting, closing: Promise<Receipt>, timeoutMs: number): Promise<Receipt> {
  const seconds = Math.round(timeoutMs / 1000)
  const late = () =>
    new TimeoutError(`closing "${name}": after ${seconds} s what was closed before is not gone yet; that goes on`)
  return within(clock, closing, timeoutMs, late)
}
