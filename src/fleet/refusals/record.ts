/** Record: failures go into the memory of unavailable scopes, the group's backoffs, and the reasons of a shortfall. */
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

/** Where failures come from: one that names no market is of this market, and calls that were in flight together are one try. */
export interface FailureOrigin {
  readonly provider: Provider
  readonly group: string
  readonly market?: Market
  /** Milliseconds since 1970; left out: now. */
  readonly sentAt?: number
}

/** Records the failures of an answer; failures that an earlier answer to the same call named are not counted twice. */
export function recordFailures(
  fleet: Fleet,
  origin: FailureOrigin,
  failures: readonly Failure[],
  before: readonly Failure[] = [],
): void {
  const reportedCounts = new Map(before.map((failure) => [keyOf(failure), failure.count]))
  for (const failure of failures) {
    const count = failure.count - (reportedCounts.get(keyOf(failure)) ?? 0)
    if (count > 0) recordFailure(fleet, origin, { ...failure, count })
  }
}

function recordFailure(fleet: Fleet, origin: FailureOrigin, reported: Failure): void {
  const { provider, group } = origin
  const now = fleet.clock.now()
  const state = fleet.groups.get(group)
  // A scope without a region is that of the answering region: offers elsewhere stay allowed.
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

/** A failed instance costs more than a refusal: its scope backs off twice as long each time, up to this. */
const LONGEST_AVOIDED_MS = 3_600_000

/** An instance failed after its launch call was accepted: it counts like a refused call, with a backoff that grows each time. */
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

/** Backs off after a refusal; the group stops when no offer can be better. */
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

/** An instance runs: the backoff of its pool ends. An instance that failed after its launch is no success. */
export function recordRunning(state: GroupState, { name, region }: Provider, instance: Instance): void {
  const { zone, instanceType, market } = instance
  state.missing.clear()
  state.failed = NO_FAILED_VIEWS
  state.backoffs = afterSuccess(state.backoffs, { provider: name, region, zone, instanceType, market })
}

function keyOf({ reason, code, scope }: Failure): string {
  return JSON.stringify([reason, code, scope])
}
