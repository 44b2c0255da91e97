/** Learn: failures go into the memory of what is unavailable, into the group's rests, and into the reasons of a shortfall. */
import { RejectedError } from "../../errors.js"
import { inScope } from "../../offer.js"
import type { Failure, Instance, Market, Provider, Scope } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import { type GroupState, NO_FAILED_VIEWS } from "../state/group-state.js"
import { suspend, isSuspended } from "./outages.js"
import { unavoidableRefusal, needsBackoff, afterSuccess, addBackoff, roundsOf, SEVERAL } from "../state/backoff.js"
import { grownMs } from "../state/pauses.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { isShortage, remember, scopeKey, concernsOffers } from "../unavailable.js"

/** What was asked: a failure that names no market is of this one, and calls under way together are one try. */
export interface FailureOrigin {
  readonly provider: Provider
  readonly group: string
  readonly market?: Market
  /** Milliseconds since 1970; left out: now. */
  readonly sentAt?: number
}

/** Takes over what a launch call's answer says failed; what an earlier answer to it said already is not told twice. */
export function recordFailures(
  fleet: Fleet,
  origin: FailureOrigin,
  failures: readonly Failure[],
  before: readonly Failure[] = [],
): void {
  const told = new Map(before.map((failure) => [keyOf(failure), failure.count]))
  for (const failure of failures) {
    const count = failure.count - (told.get(keyOf(failure)) ?? 0)
    if (count > 0) recordFailure(fleet, origin, { ...failure, count })
  }
}

function recordFailure(fleet: Fleet, origin: FailureOrigin, reported: Failure): void {
  const { provider, group } = origin
  const now = fleet.clock.now()
  const state = fleet.groups.get(group)
  // Whatever a cloud leaves open is meant within the region that said it: another one's offers are not barred by it.
  const placed = { ...reported, scope: { provider: provider.name, region: provider.region, ...reported.scope } }
  const failure = state !== undefined && concernsOffers(reported) ? grown(state, placed) : placed
  state?.failures.push(failure)
  if (state !== undefined && needsBackoff(failure)) backOffOffer(fleet, state, origin, failure)
  const { account } = provider.limits
  fleet.memory.set(account, remember(fleet.memory.get(account) ?? [], failure, now))
  const { reason, count, scope, code, message, ttlMs } = failure
  // What gave a part may be asked for more, after what was not asked yet.
  if (isShortage(reported) || needsBackoff(reported)) noteRefusal(state, scope, now)
  if (!concernsOffers(reported)) return
  if (state !== undefined && (origin.sentAt ?? now) >= state.short.at)
    state.short = { rounds: state.short.rounds + 1, at: now }
  fleet.emit({ type: "offer-unavailable", reason, count, scope, until: now + ttlMs, code, message })
}

/** What was refused before, and not given since, is asked again a little later each time. */
const LONGEST_REFUSED_MS = 5 * 60_000

function grown({ refusals }: GroupState, failure: Failure): Failure {
  const { times = 0 } = refusals.get(scopeKey(failure.scope)) ?? {}
  return { ...failure, ttlMs: grownMs(failure.ttlMs, times, LONGEST_REFUSED_MS) }
}

function noteRefusal(state: GroupState | undefined, scope: Scope, at: number): void {
  const key = scopeKey(scope)
  state?.refusals.set(key, { scope, at, times: (state.refusals.get(key)?.times ?? 0) + 1 })
}

/** What was made and failed costs more than a refusal: its scope is left alone for twice as long each time, up to this. */
const LONGEST_AVOIDED_MS = 3_600_000

/** An instance failed after its launch call was accepted: it teaches what a refused call would have, and more each time. */
export function recordFailedInstance(
  fleet: Fleet,
  { provider, group, instance, knownSince }: WorkerRecord,
  failure: Failure,
): void {
  const origin = { provider, group, market: instance.market }
  const state = fleet.groups.get(group)
  if (state === undefined || !isShortage(failure)) {
    recordFailures(fleet, origin, [failure])
    return
  }
  const { rounds, at, scopes } = state.failed
  const isNewRound = knownSince >= at
  const key = scopeKey(failure.scope)
  const times = (scopes.get(key) ?? 0) + (isNewRound ? 1 : 0)
  const ttlMs = grownMs(failure.ttlMs, Math.max(0, times - 1), LONGEST_AVOIDED_MS)
  state.failed = {
    rounds: rounds + (isNewRound ? 1 : 0),
    at: isNewRound ? fleet.clock.now() : at,
    scopes: new Map(scopes).set(key, times),
  }
  recordFailures(fleet, origin, [{ ...failure, ttlMs }])
}

/** A refusal of what was asked: it rests, and the group stops when no offer can be better. */
function backOffOffer(
  fleet: Fleet,
  state: GroupState,
  { provider, market, sentAt }: FailureOrigin,
  reported: Failure,
): void {
  const now = fleet.clock.now()
  const failure = { ...reported, scope: { ...(market === undefined ? {} : { market }), ...reported.scope } }
  const before = roundsOf(state.backoffs, failure)
  state.backoffs = addBackoff(state.backoffs, failure, sentAt ?? now, now)
  const rounds = roundsOf(state.backoffs, failure)
  const { name } = state.group
  if (rounds > before && rounds % SEVERAL === 0) {
    const message = `${rounds} times in a row, and nothing came of it: ${failure.message}`
    fleet.emit({ type: "problem", group: name, error: failure.code, message })
  }
  const offers = (state.offers ?? []).filter((offer) => inScope(offer, { provider: provider.name }))
  const place = { provider: provider.name, region: provider.region }
  const unavoidable = failure.reason === "rejected" ? unavoidableRefusal(state.backoffs, offers, place) : undefined
  if (unavoidable === undefined || isSuspended(state, provider, now)) return
  const { code, message, requestId } = unavoidable
  const details = { code, ...(requestId === undefined ? {} : { requestId }) }
  suspend(fleet, state, provider, new RejectedError(`${message}; unlike offers were refused alike`, details))
}

/** An instance runs: what it is of rests no more. One that was made and failed at once is no success. */
export function recordRunning(state: GroupState, { name, region }: Provider, instance: Instance): void {
  const { zone, instanceType, market } = instance
  state.missing.clear()
  state.failed = NO_FAILED_VIEWS
  state.backoffs = afterSuccess(state.backoffs, { provider: name, region, zone, instanceType, market })
}

function keyOf({ reason, code, scope }: Failure): string {
  return JSON.stringify([reason, code, scope])
}
