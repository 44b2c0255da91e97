import { CapacityError, MusterError, QuotaError, TransientError } from "../../../src/errors.js"
import type { Calls, Instance, LaunchCall, Launched } from "../../../src/provider.js"
import { EXISTS, detailsOfError } from "../client/errors.js"
import { list } from "../observe/list.js"
import { uuidOf } from "../client/ids/names.js"
import type { NativeOperation } from "../client/native.js"
import { find, type LaunchContext, unsettled } from "./lookup.js"
import { ofLaunch, settledByList } from "./settle.js"
import { describeLaunch, missingOf } from "./failures.js"
import { zonesIn } from "./split.js"

/**
 * Sends one bulkInsert. Its answer is an operation: accepted, not done. A replay with the same request id gets the
 * operation of the first for as long as Compute Engine keeps it (an hour at least); after that a zone refuses the names
 * that exist, and a region is not asked again before it is known to have nothing of this launch.
 */
export async function launch(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched> {
  // Where only one zone may be used its names exist, whether the zone or the region was asked.
  const known = zonesIn(call.offers).length > 1 ? await regionalBefore(context, call, calls) : undefined
  if (known !== undefined) return known
  try {
    return unsettled(await insert(context, call, calls))
  } catch (error) {
    if (error instanceof CapacityError || error instanceof QuotaError) return refused(context.region, call, error)
    if (error instanceof MusterError && error.code === EXISTS) return existing(context, call, calls, error)
    throw error
  }
}

/** Of several types and zones the one is named that has none, or all share what is missing. Nothing was made. */
function refused(region: string, call: LaunchCall, error: CapacityError | QuotaError): Launched {
  const details = detailsOfError(error)
  const cause = details === undefined ? [] : [{ details }]
  return { instances: [], ...missingOf(region, call, cause, call.count), settled: true }
}

async function insert({ send, region }: LaunchContext, call: LaunchCall, calls: Calls): Promise<NativeOperation> {
  const { zone, offers, cost, token, body } = call
  const message = { requestId: uuidOf(token), bulkInsertInstanceResourceResource: body }
  const request = { what: describeLaunch(call), cost, offers }
  if (zone !== undefined) return send(calls, "instances.bulkInsert", { ...request, message: { zone, ...message } })
  return send(calls, "regionInstances.bulkInsert", { ...request, message: { region, ...message } })
}

/**
 * A region may give the same name again in another zone, so its request is never blindly sent twice: the operation that an
 * earlier one left carries its request id, and what it made carries its token.
 */
async function regionalBefore(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<Launched | undefined> {
  const [earlier, instances] = await Promise.all([find(context, call, calls), madeBefore(context, call, calls)])
  if (earlier !== undefined) return earlier
  return instances.length === 0 ? undefined : settledByList(call, instances)
}

/**
 * A zone that does not answer must not delay a request that other zones can grant. The region answers that there is no
 * operation, and within the hour, in which calls are sent again, the request id alone brings back what the first one made.
 */
async function madeBefore(context: LaunchContext, call: LaunchCall, calls: Calls): Promise<readonly Instance[]> {
  try {
    return await list(context, ofLaunch(call), calls)
  } catch (error) {
    calls.signal.throwIfAborted()
    if (error instanceof TransientError) return []
    throw error
  }
}

/** Names that exist, long after: of this launch's own instances, or of other owners. */
async function existing(context: LaunchContext, call: LaunchCall, calls: Calls, error: MusterError): Promise<Launched> {
  const instances = await list(context, ofLaunch(call), calls)
  if (instances.length === 0) throw error
  return settledByList(call, instances)
}
