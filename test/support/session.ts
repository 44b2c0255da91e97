/** A session without the cluster that a user holds. */
import type { Clock } from "../../src/calls/clock.js"
import type { VerbContext, SessionOptions } from "../../src/session/session.js"

/** Options of a new cluster that nobody listens to and nobody closes. */
export function sessionOptions(clock: Clock, name: string, journal: string | false = false): SessionOptions {
  return {
    name,
    isNamed: true,
    clock,
    journal,
    mode: "create",
    takeOver: false,
    ended: [],
    emit: () => {},
    disown: () => {},
    closeFor: () => {},
    close: () => Promise.reject(new Error("nobody asks for it")),
    hasPendingCalls: () => false,
    abort: new AbortController(),
  }
}

/** For verbs of a cluster that is held, and is not closing. */
export const HELD: VerbContext = { checkOwned: () => {}, isClosing: () => false, close: () => Promise.resolve() }
