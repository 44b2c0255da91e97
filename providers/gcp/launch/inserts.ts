import { MusterError } from "../../../src/errors.js"
import type { Calls, LaunchCall } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { rowOf } from "../client/codes.js"
import { lastPart, type NativeOperation } from "../client/native.js"
import { pages } from "../client/pages.js"
import { describeLaunch, type Cause } from "./failures.js"
import { detailsOf } from "../client/refusals/details.js"
import { zonesIn } from "./split.js"

/**
 * Why single VMs of a bulk request were not made. Each VM has an insert operation in its zone, of the same group as the
 * operation of the request, and what became of it stands only there (so Google's own cluster toolkit reads it: slurm-gcp,
 * resume.py, `_get_failed_zonal_instance_inserts`). Without the right to read operations these causes are left out.
 *
 * @param made names of VMs that are there all the same, made in another zone.
 */
export async function failedInserts(
  send: Send,
  call: LaunchCall,
  operation: NativeOperation,
  made: ReadonlySet<string>,
  calls: Calls,
): Promise<readonly Cause[]> {
  const { operationGroupId: group } = operation
  if (group === undefined) return []
  const lists = shortZones(call, operation).map(async (zone) => {
    const inserts = await readInserts(send, call, operation, zone, calls).catch((error: unknown) => {
      calls.signal.throwIfAborted()
      if (error instanceof MusterError) return []
      throw error
    })
    return inserts
      .filter(({ operationGroupId }) => operationGroupId === group)
      .filter(({ targetLink }) => !made.has(lastPart(targetLink)))
      .flatMap((insert) => causeOf(insert, zone))
  })
  return (await Promise.all(lists)).flat()
}

/** The zones that gave fewer than they were to; all that may have been tried where the operation does not say. */
function shortZones(call: LaunchCall, { instancesBulkInsertOperationMetadata }: NativeOperation): readonly string[] {
  if (call.zone !== undefined) return [call.zone]
  const statuses = Object.entries(instancesBulkInsertOperationMetadata?.perLocationStatus ?? {})
  if (statuses.length === 0) return zonesIn(call.offers)
  return statuses.flatMap(([location, { targetVmCount = 0, createdVmCount = 0 }]) =>
    Number(targetVmCount) === Number(createdVmCount) ? [] : [lastPart(location)],
  )
}

/** Between the beginning and the end of the request, so that a busy project's operations are not all looked through. */
async function readInserts(
  send: Send,
  call: LaunchCall,
  { operationGroupId, insertTime, endTime }: NativeOperation,
  zone: string,
  calls: Calls,
): Promise<readonly NativeOperation[]> {
  const terms = [
    `(operationType="insert")`,
    ...(insertTime === undefined ? [] : [`(creationTimestamp >= "${insertTime}")`]),
    ...(endTime === undefined ? [] : [`(creationTimestamp <= "${endTime}")`]),
    `(operationGroupId="${operationGroupId}")`,
  ]
  const request = {
    what: `reading why ${describeLaunch(call).replace(/^launching /, "")} came to less in ${zone}`,
    message: { zone, filter: terms.join(" AND ") },
    fields: "items(targetLink,operationGroupId,error),nextPageToken",
  }
  const inserts: NativeOperation[] = []
  for await (const { items = [] } of pages(send, calls, "zoneOperations.list", request)) inserts.push(...items)
  return inserts
}

/** One for each VM: the first of its errors that is no summary. */
function causeOf({ error }: NativeOperation, zone: string): readonly Cause[] {
  const all = (error?.errors ?? []).map(detailsOf)
  const details = all.find((one) => rowOf(one)?.verdict !== "summary") ?? all[0]
  return details === undefined ? [] : [{ details: { ...details, zone: details.zone ?? zone }, count: 1 }]
}
