/** Reading: which answers of a recording its adapter could not read. */
import type { Witness } from "../../src/doctor/live/witness.js"
import { MusterError, TransientError } from "../../src/errors.js"
import type { Calls } from "../../src/provider.js"

/** An attempt that ended with an error which is no answer of the cloud's. */
export interface Unread {
  readonly api: string
  readonly message: string
}

/** The same witness, which notes them. */
export function listening(witness: Witness, unread: Unread[]): Witness {
  const callsTo = witness.callsTo.bind(witness)
  return Object.assign(witness, {
    callsTo: (...given: Parameters<Witness["callsTo"]>) => noting(callsTo(...given), unread),
  })
}

function noting(calls: Calls, unread: Unread[]): Calls {
  return {
    ...calls,
    send: (api, cost, fn) =>
      calls.send(api, cost, async (attempt) => {
        try {
          return await fn(attempt)
        } catch (error) {
          if (isUnread(error) && !attempt.signal.aborted) unread.push({ api, message: String(error) })
          throw error
        }
      }),
  }
}

/** What a cloud has answered has its code. */
function isUnread(error: unknown): boolean {
  return !(error instanceof MusterError) || (error instanceof TransientError && error.code === undefined)
}
