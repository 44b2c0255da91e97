/** Hand: a worker at work, and what is waited for while it may go. */
import type { Clock } from "../../calls/clock.js"
import { TransientError } from "../../errors.js"
import type { RemoteFailure, Runner } from "./runner.js"

/** A worker at work. */
export interface Hand {
  readonly id: string
  readonly worker: string
  readonly runner: Runner
  /** Tasks that it has now. */
  busy: number
  /** It gets no more: it is to end, or was lost. */
  isLeaving: boolean
  /** It was known before that it would end. */
  hasNotice: boolean
  /** It has had all that it may have. */
  isSpent: boolean
  /** Called when its runner is gone. */
  readonly whenGone: Set<() => void>
}

/** The code of a failure that a worker's end may be the reason of: its files could not be read there. */
export const UNREAD = "OutputUnread"

/** A task that a signal has ended, which nobody here has sent, has failed if its runner is still there after so long. */
const GOING_MS = 3000

/** SIGHUP, SIGINT, SIGKILL and SIGTERM, as shells tell them. */
export function isBySignal({ exitCode = 0 }: RemoteFailure): boolean {
  return [1, 2, 9, 15].includes(exitCode - 128)
}

/** What ends a machine ends its processes one after the other, and a task's may be the first. */
export function untilItMayBeGone(hand: Hand, clock: Clock): Promise<void> {
  if (hand.isLeaving) return Promise.resolve()
  return new Promise((resolve) => {
    const over = () => {
      cancel()
      hand.whenGone.delete(over)
      resolve()
    }
    const cancel = clock.timer(GOING_MS, over)
    hand.whenGone.add(over)
  })
}

/**
 * With its worker gone the files of a task are too: nobody waits for them. They may show it before its runner does.
 *
 * @throws what `bringing` throws while the worker is there, but for a connection that was lost.
 */
export async function broughtFrom(
  hand: Hand,
  bringing: Promise<RemoteFailure | undefined>,
  clock: Clock,
): Promise<RemoteFailure | "lost" | undefined> {
  let tell = () => {}
  const gone = new Promise<"lost">((resolve) => {
    tell = () => resolve("lost")
  })
  hand.whenGone.add(tell)
  try {
    const brought = await Promise.race([bringing, gone])
    if (brought === undefined || brought === "lost" || brought.code !== UNREAD) return brought
    await untilItMayBeGone(hand, clock)
    return hand.isLeaving ? "lost" : brought
  } catch (error) {
    await untilItMayBeGone(hand, clock)
    if (hand.isLeaving || error instanceof TransientError) return "lost"
    throw error
  } finally {
    hand.whenGone.delete(tell)
    bringing.catch(() => {})
  }
}
