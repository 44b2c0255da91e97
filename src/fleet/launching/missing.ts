/**
 * Missing: something that launches name is not there. What was made a moment ago is not known everywhere yet; what stays away is
 * prepared anew, or ends the group's launches with the cloud's words.
 */
import type { NotFoundError } from "../../errors.js"
import type { Failure } from "../../provider.js"
import { type Fleet, preparedKey } from "../state/context.js"
import { keyOfPlace } from "../roster/keys.js"
import type { Launch } from "../roster/launches.js"

/** How often a missing resource is prepared anew: one that is missing again is deleted by another party, or never becomes visible. */
const MOST_PREPARED = 2

/** An offer whose resource stays missing backs off as long as after an unknown refusal, in milliseconds. */
const STAYED_AWAY_MS = 60_000

/** What becomes of an answer that something is missing: it passes while it may be young, and is a refusal after that. */
export function notFoundFailure(fleet: Fleet, launch: Launch, error: NotFoundError, count: number): Failure {
  const { provider, call, sentAt } = launch
  const failure = error.toFailure(count)
  const state = fleet.groups.get(call.group)
  if (state === undefined) return failure
  const now = fleet.clock.now()
  const key = `${keyOfPlace(provider)}/${error.code}`
  const { since, prepared } = state.missing.get(key) ?? { since: now, prepared: 0 }
  state.missing.set(key, { since, prepared })
  // What was sent before it is prepared anew tells no more than the answer for which it is.
  if (now - since < error.graceMs || (prepared > 0 && sentAt < since)) return failure
  if (error.ours && prepared < MOST_PREPARED) {
    fleet.prepared.delete(preparedKey(provider, call.group))
    state.missing.set(key, { since: now, prepared: prepared + 1 })
    return failure
  }
  const message = `${error.message}; it stayed so for ${Math.round((now - since) / 1000)} s`
  return { ...failure, reason: "rejected", ttlMs: STAYED_AWAY_MS, message }
}
