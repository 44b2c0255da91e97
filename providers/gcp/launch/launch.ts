import { CapacityError, MusterError, QuotaError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance, Json, LaunchCall, Launched } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { EXISTS, isNotFound, saidOf } from "../client/errors.js"
import { list } from "../observe/list.js"
import { uuidOf } from "../client/names.js"
import type { NativeOperation } from "../client/native.js"
import { ofLaunch, outcomeOf, settledByList } from "./settle.js"
import { pages } from "../client/pages.js"
import { doingOf, missingOf } from "./failures.js"
import { zonesIn } from "./split.js"
import type { ZonesOf } from "../offers/zones.js"

export interface LaunchMeans {
  readonly send: Send
  readonly region: string
  readonly zonesOf: ZonesOf
  readonly consistencyMs: number
}

/**
 * Sends one bulkInsert. Its answer is an operation: accepted, not done. A replay with the same request id gets the
 * operation of the first for as long as Compute Engine keeps it (an hour at least); after that a zone refuses the names
 * that are taken, and a region is not asked again before it is known to have nothing of this launch.
 */
export async function launch(means: LaunchMeans, call: LaunchCall, calls: Calls): Promise<Launched> {
  // Where only one zone may be used its names are taken, whoever was asked.
  const known = zonesIn(call.offers).length > 1 ? await regionalBefore(means, call, calls) : undefined
  if (known !== undefined) return known
  try {
    return unsettled(await insert(means, call, calls))
  } catch (error) {
    if (error instanceof CapacityError || error instanceof QuotaError) return refused(means.region, call, error)
    if (error instanceof MusterError && error.code === EXISTS) return existing(means, call, calls, error)
    throw error
  }
}

/** Of several types and zones the one is named that has none, or all share what is missing. Nothing was made. */
function refused(region: string, call: LaunchCall, error: CapacityError | QuotaError): Launched {
  const said = saidOf(error)
  const cause = said === undefined ? [] : [{ said }]
  return { instances: [], ...missingOf(region, call, cause, call.count), settled: true }
}

async function insert({ send, region }: LaunchMeans, call: LaunchCall, calls: Calls): Promise<NativeOperation> {
  const { zone, offers, cost, token, body } = call
  const message = { requestId: uuidOf(token), bulkInsertInstanceResourceResource: body }
  const request = { what: doingOf(call), cost, offers }
  if (zone !== undefined) return send(calls, "instances.bulkInsert", { ...request, message: { zone, ...message } })
  return send(calls, "regionInstances.bulkInsert", { ...request, message: { region, ...message } })
}

/** Also of an operation that is done already: what it made is read by `settle`, in one place. */
function unsettled(operation: NativeOperation): Launched {
  return { instances: [], failures: [], settled: false, ref: { operation: operation.name ?? "" } }
}

/**
 * A region may give the same name again in another zone, so its request is never blindly sent twice: the operation that an
 * earlier one left carries its request id, and what it made carries its token.
 */
async function regionalBefore(means: LaunchMeans, call: LaunchCall, calls: Calls): Promise<Launched | undefined> {
  const [earlier, instances] = await Promise.all([find(means, call, calls), madeBefore(means, call, calls)])
  if (earlier !== undefined) return earlier
  return instances.length === 0 ? undefined : settledByList(call, instances)
}

/**
 * A zone that does not answer must not hold up a request that others can grant: that there is no operation of it is answered by
 * the region, and within the hour, in which calls are sent again, the request id alone brings back what the first one made.
 */
async function madeBefore(means: LaunchMeans, call: LaunchCall, calls: Calls): Promise<readonly Instance[]> {
  try {
    return await list(means, ofLaunch(call), calls)
  } catch (error) {
    calls.signal.throwIfAborted()
    if (error instanceof TransientError) return []
    throw error
  }
}

/**
 * The operation that this request left, if it arrived: "clientOperationId: the value of requestId if you provided it in the
 * request". Compute Engine keeps operations for an hour at least, and nothing but its operation tells of a bulk request that
 * has not made anything yet.
 */
export async function find(
  { send, region }: LaunchMeans,
  call: LaunchCall,
  calls: Calls,
): Promise<Launched | undefined> {
  const requestId = uuidOf(call.token)
  const { zone } = call
  const request = {
    what: `${doingOf(call)}: looking for an earlier request`,
    message: { ...(zone === undefined ? { region } : { zone }), filter: `clientOperationId="${requestId}"` },
    fields: "items(name,clientOperationId),nextPageToken,warning(code,message)",
  }
  for await (const page of pages(
    send,
    calls,
    zone === undefined ? "regionOperations.list" : "zoneOperations.list",
    request,
  )) {
    const earlier = page.items?.find(({ clientOperationId }) => clientOperationId === requestId)
    if (earlier !== undefined) return unsettled(earlier)
  }
  return undefined
}

/** Names that are taken, long after: by this launch's own instances, or by somebody else's. */
async function existing(means: LaunchMeans, call: LaunchCall, calls: Calls, error: MusterError): Promise<Launched> {
  const instances = await list(means, ofLaunch(call), calls)
  if (instances.length === 0) throw error
  return settledByList(call, instances)
}

/**
 * One look at the operation that a launch has become: Compute Engine answers when it is done, or after two minutes. An
 * operation that it does not know any more has ended at least an hour ago: lists tell what there is.
 */
export async function settle(means: LaunchMeans, call: LaunchCall, ref: Json, calls: Calls): Promise<Launched> {
  const operation = await waitFor(means, call, (ref as { readonly operation?: string }).operation ?? "", calls)
  if (operation === undefined) return settledByList(call, await list(means, ofLaunch(call), calls))
  if (operation.status !== "DONE") return { instances: [], failures: [], settled: false, ref }
  return outcomeOf(means, call, { operation, ref }, calls)
}

async function waitFor(
  { send, region }: LaunchMeans,
  call: LaunchCall,
  name: string,
  calls: Calls,
): Promise<NativeOperation | undefined> {
  const { zone } = call
  const what = `waiting for ${doingOf(call).replace(/^launching /, "the launch of ")}`
  try {
    if (zone !== undefined)
      return await send(calls, "zoneOperations.wait", { what, message: { zone, operation: name } })
    return await send(calls, "regionOperations.wait", { what, message: { region, operation: name } })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
