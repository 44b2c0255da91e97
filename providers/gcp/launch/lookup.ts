/** Finding the operation that an earlier request of the same launch left. */
import type { Calls, LaunchCall, Launched } from "../../../src/provider.js"
import { uuidOf } from "../client/ids/names.js"
import type { NativeOperation } from "../client/native.js"
import { pages } from "../client/pages.js"
import type { Send } from "../client/send.js"
import type { ZonesOf } from "../offers/zones.js"
import { describeLaunch } from "./failures.js"

export interface LaunchContext {
  readonly send: Send
  readonly region: string
  readonly zonesOf: ZonesOf
  readonly consistencyMs: number
}

/**
 * The operation that this request left, if it arrived: "clientOperationId: the value of requestId if you provided it in the
 * request". Compute Engine keeps operations for an hour at least, and nothing but its operation tells of a bulk request that
 * has not made anything yet.
 */
export async function find(
  { send, region }: LaunchContext,
  call: LaunchCall,
  calls: Calls,
): Promise<Launched | undefined> {
  const requestId = uuidOf(call.token)
  const { zone } = call
  const request = {
    what: `${describeLaunch(call)}: looking for an earlier request`,
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

/** Also of an operation that is done already: what it made is read by `settle`, in one place. */
export function unsettled(operation: NativeOperation): Launched {
  return { instances: [], failures: [], settled: false, ref: { operation: operation.name ?? "" } }
}
