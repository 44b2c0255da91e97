/**
 * Resting: zones, types and regions whose boots fail their check far more often than the others' are left alone for a while, as those
 * without capacity are. Of the group alone: what another one runs may do well there.
 */
import { inScope } from "../../offer.js"
import type { Offer, Scope } from "../../provider.js"
import { spanText } from "../../text.js"
import { type Outcome, type Outlier, outliersOf } from "../planning/outliers.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { grownMs } from "../state/pauses.js"
import { forbids, scopeKey, type Unavailable } from "../unavailable.js"

/** The first time for so long, then twice as long each time it stands out again. */
const FIRST_REST_MS = 10 * 60_000
const LONGEST_REST_MS = 60 * 60_000

/** Boots that are older tell nothing of how it is now. */
const WITHIN_MS = 6 * 3_600_000

/** Looks at the group's boots, after one has failed its check. What would leave nothing to launch does not rest. */
export function restOutliers(fleet: Fleet, state: GroupState): void {
  const now = fleet.clock.now()
  const since = Math.max(state.askedAt, now - WITHIN_MS)
  const told = fleet.roster.ofGroup(state.group.name).filter(({ knownSince }) => knownSince >= since)
  for (const outlier of outliersOf(told.flatMap(outcomeOf))) {
    const { scope, failed: count } = outlier
    const known = state.resting.find((one) => scopeKey(one.scope) === scopeKey(scope))
    const newest = newestFailed(told, scope)
    // While it rests nothing new comes of it but what was launched before.
    if (newest === undefined || (known !== undefined && newest.knownSince < known.until)) continue
    const entry = restOf(outlier, newest, now, (known?.times ?? 0) + 1)
    const resting = [...state.resting.filter((one) => one !== known), entry]
    if (!isAnyOpen(state.offers ?? [], resting, now)) continue
    state.resting = resting
    const { code, message } = entry.failure
    fleet.emit({ type: "offer-unavailable", reason: "startup", count, scope, until: entry.until, code, message })
  }
}

/** One that nobody could hear may be well, and one that was made without checks tells nothing. */
function outcomeOf({ provider, instance, readiness, failure }: WorkerRecord): readonly Outcome[] {
  const { region, zone, instanceType } = instance
  const at = { provider: provider.name, region, zone, instanceType }
  if (readiness?.readyAt !== undefined) return readiness.isUnchecked === true ? [] : [{ at, hasFailed: false }]
  return hasFailedItsCheck(failure) ? [{ at, hasFailed: true }] : []
}

function hasFailedItsCheck(failure: WorkerRecord["failure"]): boolean {
  return failure?.reason === "startup" && /^ready(?:-\d+)?$/.test(failure.code)
}

function newestFailed(workers: readonly WorkerRecord[], scope: Scope): WorkerRecord | undefined {
  let newest: WorkerRecord | undefined
  for (const worker of workers) {
    if (!hasFailedItsCheck(worker.failure)) continue
    const { provider, instance, knownSince } = worker
    const { region, zone, instanceType } = instance
    if (!inScope({ provider: provider.name, region, zone, instanceType }, scope)) continue
    if (newest === undefined || knownSince >= newest.knownSince) newest = worker
  }
  return newest
}

function restOf(outlier: Outlier, { failure }: WorkerRecord, now: number, times: number): Unavailable {
  const { scope, failed, of, failedElsewhere, ofElsewhere } = outlier
  const ms = grownMs(FIRST_REST_MS, times - 1, LONGEST_REST_MS)
  const where = scope.zone ?? scope.instanceType ?? scope.region ?? ""
  const last = failure === undefined ? "" : `; the last one: ${failure.message}`
  const message = `${failed} of ${of} boots in ${where} failed their check, and ${failedElsewhere} of ${ofElsewhere} elsewhere: it rests for ${spanText(ms)}${last}`
  return {
    scope,
    until: now + ms,
    times,
    failure: { reason: "startup", count: failed, scope, ttlMs: ms, code: "FailsItsCheck", message },
  }
}

function isAnyOpen(offers: readonly Offer[], resting: readonly Unavailable[], now: number): boolean {
  return offers.some((offer) => forbids(resting, offer, now) === undefined)
}
