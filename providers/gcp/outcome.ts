/** What became of a bulk operation that is done: counts, instances, and why some are missing. */
import { CapacityError, QuotaError, ThrottledError, TransientError } from "../../src/errors.js"
import type {
  Calls,
  Failure,
  FailureReason,
  Instance,
  Json,
  LaunchCall,
  Launched,
  Offer,
  Scope,
} from "../../src/provider.js"
import { COLD_MS, rowOf } from "./codes.js"
import { asError } from "./errors.js"
import { scopeOf } from "./families.js"
import { doingOf, type LaunchMeans } from "./launch.js"
import { list } from "./list.js"
import { idOf } from "./names.js"
import type { LocationStatus, NativeOperation } from "./native.js"
import { type Said, saidBy } from "./said.js"
import { parseTime } from "./time.js"

interface Done {
  readonly operation: NativeOperation
  readonly ref: Json
}

/**
 * The operation says how many it made and not which. When it made all, they are the names that were asked for; else lists
 * tell, and until they show as many as were made the launch is not settled, but at most for the consistency window.
 */
export async function outcomeOf(means: LaunchMeans, call: LaunchCall, done: Done, calls: Calls): Promise<Launched> {
  const { operation, ref } = done
  const made = madeBy(operation)
  if (call.zone !== undefined && made === call.count && operation.error === undefined) {
    return { instances: asAsked(means.region, call, operation), failures: [], settled: true }
  }
  if (made === 0 && !namesTaken(operation))
    return { instances: [], failures: failuresOf(means.region, call, operation, call.count), settled: true }
  const instances = await list(means, { launch: call.token }, calls)
  const since = calls.now() - (parseTime(operation.endTime) ?? 0)
  // One that does not say has made all, unless lists show otherwise to the end.
  if (instances.length < (made ?? call.count) && since < means.consistencyMs)
    return { instances, failures: [], settled: false, ref }
  return {
    instances,
    failures: failuresOf(means.region, call, operation, call.count - instances.length),
    settled: true,
  }
}

/** Sent again long after, a launch meets its own instances. */
function namesTaken({ error }: NativeOperation): boolean {
  return (error?.errors ?? []).some(({ code }) => code === "RESOURCE_ALREADY_EXISTS")
}

/** Undefined where it does not say: an operation that failed before it began has no counts. */
function madeBy({ instancesBulkInsertOperationMetadata, error }: NativeOperation): number | undefined {
  const statuses = Object.values(instancesBulkInsertOperationMetadata?.perLocationStatus ?? {})
  if (statuses.length === 0) return error === undefined ? undefined : 0
  return statuses.reduce(
    (sum, status) => sum + countIn(status, "createdVmCount") - countIn(status, "deletedVmCount"),
    0,
  )
}

/** Numbers may come as decimal texts: that is how JSON has the larger kind of them. */
function countIn(status: LocationStatus, field: "createdVmCount" | "deletedVmCount"): number {
  return Number(status[field] ?? 0) || 0
}

/** A request that was fully done: its own body says what its instances are. */
function asAsked(region: string, call: LaunchCall, operation: NativeOperation): readonly Instance[] {
  const { zone = "", names = [], body, offers } = call
  const { instanceType = "", market = "on-demand" } = offers[0] ?? {}
  const { labels } = body.instanceProperties as { readonly labels: Readonly<Record<string, string>> }
  const launchedAt = parseTime(operation.insertTime) ?? 0
  const shared = {
    provider: "gcp",
    state: "pending",
    region,
    zone,
    instanceType,
    market,
    launchedAt,
    tags: labels,
  } as const
  return names.map((name) => ({ id: idOf(zone, name), name, ...shared }))
}

/** What there is when the operation can tell no more: the rest did not come, or came and went. */
export function settledByList(call: LaunchCall, instances: readonly Instance[]): Launched {
  const count = call.count - instances.length
  const failure: Failure = {
    reason: "interrupted",
    count,
    scope: {},
    ttlMs: 0,
    code: "OperationNotFound",
    message: `${doingOf(call)}: it was launched before, and ${instances.length} of its instances are left`,
  }
  return { instances, failures: count > 0 ? [failure] : [], settled: true }
}

type Reason = Omit<Failure, "count">

/** Every cause has its share of what is missing; together they add up to it. */
function failuresOf(region: string, call: LaunchCall, operation: NativeOperation, missing: number): readonly Failure[] {
  if (missing <= 0) return []
  const reasons = reasonsOf(region, call, operation).slice(0, missing)
  const base = Math.floor(missing / reasons.length)
  return reasons.map((reason, index) => ({ ...reason, count: base + (index < missing % reasons.length ? 1 : 0) }))
}

/** "VM_MIN_COUNT_NOT_REACHED" only sums up; the cause comes beside it. Without any, the pools that were asked had no more. */
function reasonsOf(region: string, call: LaunchCall, { error }: NativeOperation): readonly Reason[] {
  const all = (error?.errors ?? []).map(saidBy)
  const causes = all.filter((one) => rowOf(one)?.verdict !== "summary")
  const what = doingOf(call)
  const said = causes.length > 0 ? causes : all
  if (said.length === 0) return call.offers.map((offer) => shortOf(region, call, scopeOf("pool", { region, offer })))
  const reasons = said.flatMap((one) =>
    offersMeant(call, one).map((offer) => reasonOf(asError(one, { what, region, offer }))),
  )
  return [...new Map(reasons.map((reason) => [`${reason.code} ${JSON.stringify(reason.scope)}`, reason])).values()]
}

/** Those of the offers whose zone, type or series had no room; else all of them. */
function offersMeant({ offers }: LaunchCall, { message, zone, instanceType, family }: Said): readonly Offer[] {
  // What Google says beside it, where there is room instead, is not what had none.
  const words = (message.split(/consider trying/i)[0] ?? "").split(/[^a-z0-9-]+/)
  const among = (left: readonly Offer[], isMeant: (offer: Offer) => boolean) => {
    const meant = left.filter(isMeant)
    return meant.length > 0 ? meant : left
  }
  const zoned = among(offers, (offer) => (zone === undefined ? words.includes(offer.zone) : offer.zone === zone))
  const typed = among(zoned, (offer) =>
    instanceType === undefined ? words.includes(offer.instanceType) : offer.instanceType === instanceType,
  )
  return among(typed, (offer) => offer.family === family)
}

function shortOf(region: string, call: LaunchCall, scope: Scope): Reason {
  const message = `${doingOf(call)}: Compute Engine gave fewer in ${region}, and did not say why`
  return { reason: "capacity", scope, ttlMs: COLD_MS, code: "ZONE_RESOURCE_POOL_EXHAUSTED", message, inferred: true }
}

/** After an error within Google a pool is left alone for so long. */
const FAILED_MS = 30_000

/** The operation has ended: what would be tried again as a request is a failure of this launch now. */
function reasonOf(error: ReturnType<typeof asError>): Reason {
  const { code, message } = error
  if (error instanceof CapacityError || error instanceof QuotaError) {
    const { count: _count, ...failure } = error.toFailure(0)
    return failure
  }
  const isPassing = error instanceof TransientError || error instanceof ThrottledError
  const reason: FailureReason = isPassing ? "capacity" : "rejected"
  return { reason, scope: isPassing ? { provider: "gcp" } : {}, ttlMs: isPassing ? FAILED_MS : 0, code, message }
}
