/** What a launch comes to: the operation that it has become, the instances that it made, and why some are missing. */
import { endedSince } from "../../../src/client/failures.js"
import type { Calls, Instance, Json, LaunchCall, Launched, Selector } from "../../../src/provider.js"
import { rowOf } from "../client/codes.js"
import { failedInserts } from "./inserts.js"
import type { LaunchContext } from "./lookup.js"
import { isNotFound } from "../client/errors.js"
import { list } from "../observe/list.js"
import { idOf } from "../client/ids/names.js"
import { lastPart, type LocationStatus, type NativeOperation } from "../client/native.js"
import { type Cause, describeLaunch, missingOf } from "./failures.js"
import { detailsOf } from "../client/refusals/details.js"
import { zonesIn } from "./split.js"
import { parseTime } from "../../../src/tables/times.js"

/**
 * One wait for the operation of a launch: Compute Engine answers when it is done, or after two minutes. An operation that it has
 * forgotten has ended at least an hour ago: then lists show what there is.
 */
export async function settle(context: LaunchContext, call: LaunchCall, ref: Json, calls: Calls): Promise<Launched> {
  const operation = await waitFor(context, call, (ref as { readonly operation?: string }).operation ?? "", calls)
  if (operation === undefined) return settledByList(call, await list(context, ofLaunch(call), calls))
  if (operation.status !== "DONE") return { instances: [], failures: [], settled: false, ref }
  return outcomeOf(context, call, { operation, ref }, calls)
}

async function waitFor(
  { send, region }: LaunchContext,
  call: LaunchCall,
  name: string,
  calls: Calls,
): Promise<NativeOperation | undefined> {
  const { zone } = call
  const what = `waiting for ${describeLaunch(call).replace(/^launching /, "the launch of ")}`
  try {
    if (zone !== undefined)
      return await send(calls, "zoneOperations.wait", { what, message: { zone, operation: name } })
    return await send(calls, "regionOperations.wait", { what, message: { region, operation: name } })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

interface Done {
  readonly operation: NativeOperation
  readonly ref: Json
}

/**
 * The operation says how many it made and not which. When it made all, they are the names that were asked for. Else lists
 * are read, and until they show as many as were made the launch is not settled, but at most for the consistency window.
 */
async function outcomeOf(context: LaunchContext, call: LaunchCall, done: Done, calls: Calls): Promise<Launched> {
  const { operation, ref } = done
  const made = madeBy(operation)
  if (call.zone !== undefined && made === call.count && operation.error === undefined) {
    return { instances: asAsked(context.region, call, operation), failures: [], settled: true }
  }
  const isNothing = made === 0 && !namesTaken(operation)
  const instances = isNothing ? [] : await list(context, ofMade(call, operation), calls)
  const since = calls.now() - (parseTime(operation.endTime) ?? 0)
  // One that does not say has made all, unless lists show otherwise to the end.
  if (!isNothing && instances.length < (made ?? call.count) && since < context.consistencyMs)
    return { instances, failures: [], settled: false, ref }
  const missing = call.count - instances.length
  const causes = missing > 0 ? await causesOf(context, call, operation, instances, calls) : []
  return { instances, ...missingOf(context.region, call, causes, missing), settled: true }
}

/** All that carries the launch's token, where it can be: a zone that the launch did not ask cannot delay the answer. */
export function ofLaunch({ token, zone, offers }: LaunchCall): Selector {
  const zones = zone === undefined ? zonesIn(offers) : [zone]
  return { launch: token, ...(zones.length === 0 ? {} : { zones }) }
}

/** What the operation says it made in a zone is listed there, and in no zone where it made nothing. */
function ofMade(call: LaunchCall, operation: NativeOperation): Selector {
  const selector = ofLaunch(call)
  const made = Object.entries(statusesOf(operation)).flatMap(([place, status]) =>
    countIn(status, "createdVmCount") > 0 ? [lastPart(place)] : [],
  )
  const isWhole = madeBy(operation) === call.count && made.length > 0 && !namesTaken(operation)
  return isWhole ? { ...selector, zones: made } : selector
}

/** Sent again long after, a launch meets its own instances. */
function namesTaken({ error }: NativeOperation): boolean {
  return (error?.errors ?? []).some(({ code }) => code === "RESOURCE_ALREADY_EXISTS")
}

/** Undefined where it does not say: an operation that failed before it began has no counts. */
function madeBy(operation: NativeOperation): number | undefined {
  const statuses = Object.values(statusesOf(operation))
  if (statuses.length === 0) return operation.error === undefined ? undefined : 0
  return statuses.reduce(
    (sum, status) => sum + countIn(status, "createdVmCount") - countIn(status, "deletedVmCount"),
    0,
  )
}

function statusesOf({ instancesBulkInsertOperationMetadata }: NativeOperation) {
  return instancesBulkInsertOperationMetadata?.perLocationStatus ?? {}
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

/** The outcome when the operation is forgotten: the missing instances were never made, or were made and terminated. */
export function settledByList(call: LaunchCall, instances: readonly Instance[]): Launched {
  return endedSince(call, instances, {
    code: "OperationNotFound",
    message: `${describeLaunch(call)}: it was launched before, and ${instances.length} of its instances are left`,
  })
}

/** "VM_MIN_COUNT_NOT_REACHED" only sums up. Causes that the operation itself does not have, those of its VMs have. */
async function causesOf(
  { send }: LaunchContext,
  call: LaunchCall,
  operation: NativeOperation,
  instances: readonly Instance[],
  calls: Calls,
): Promise<readonly Cause[]> {
  const all = (operation.error?.errors ?? []).map(detailsOf)
  const own = all.filter((one) => rowOf(one)?.verdict !== "summary")
  if (own.length > 0) return own.map((details) => ({ details }))
  const made = new Set(instances.map(({ name }) => name))
  const inserts = await failedInserts(send, call, operation, made, calls)
  return inserts.length > 0 ? inserts : all.map((details) => ({ details }))
}
