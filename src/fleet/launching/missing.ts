/**
 * Missing: something that launches name is not there. What was made a moment ago is not known everywhere yet; what stays away is
 * prepared anew, or ends the group's launches with the cloud's words.
 */
import { type MusterError, type NotFoundError, RejectedError } from "../../errors.js"
import { type Fleet, preparedKey } from "../context.js"
import { bench, keyOfPlace } from "../outages.js"
import type { Launch } from "../roster.js"

/** What is gone again after it was prepared anew so often is taken away by somebody, or cannot be made known. */
const MOST_PREPARED = 2

/** Takes over that something is missing; the call that was answered so has made nothing. */
export function noteMissing(fleet: Fleet, { provider, call }: Launch, error: NotFoundError): void {
  const state = fleet.groups.get(call.group)
  if (state === undefined) return
  const now = fleet.clock.now()
  const key = `${keyOfPlace(provider)}/${error.code}`
  const { since, prepared } = state.missing.get(key) ?? { since: now, prepared: 0 }
  state.missing.set(key, { since, prepared })
  if (now - since < error.graceMs) return
  if (!error.ours || prepared >= MOST_PREPARED) {
    bench(fleet, state, provider, stayedAway(error))
    return
  }
  fleet.prepared.delete(preparedKey(provider, call.group))
  state.missing.set(key, { since: now, prepared: prepared + 1 })
}

function stayedAway({ message, code, requestId, graceMs }: NotFoundError): MusterError {
  const words = { code, ...(requestId === undefined ? {} : { requestId }) }
  return new RejectedError(`${message}; it stayed so for ${Math.round(graceMs / 1000)} s`, words)
}
