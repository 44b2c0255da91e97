/** Reading VMs: by name, which is strongly consistent, and a group's list, which follows later. */
import type { Calls } from "../../../src/provider.js"
import { groupPath, subscriptionPath, type VmPlace } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import type { Expansion } from "../client/sdk.js"
import type { Azure } from "../client/send.js"
import { COMPUTE } from "../client/versions.js"
import { recencyOf } from "../prepare/group.js"
import type { NativeVm } from "./instance.js"

const TYPE = "providers/Microsoft.Compute/virtualMachines"

/**
 * All VMs of a group, ours or not; none where the group is deleted.
 *
 * @param isListed a list of groups has it, and does not say that it is on its way out.
 */
export function vmsIn(azure: Azure, group: string, calls: Calls, isListed = false): Promise<readonly NativeVm[]> {
  const path = `${groupPath(azure.options.subscriptionId, group)}/${TYPE}?api-version=${COMPUTE}`
  return itemsOf<NativeVm>(azure, calls, "VirtualMachines_List", path, {
    what: `listing the VMs of ${group}`,
    accepts: [404],
    ...(isListed ? { isRecent: true } : recencyOf(azure, group, calls)),
  })
}

/** The statuses of all VMs of the subscription, which no list of a group has; the models are not in it. */
export function statusesOfAll(azure: Azure, calls: Calls): Promise<readonly NativeVm[]> {
  const path = `${subscriptionPath(azure.options.subscriptionId)}/${TYPE}?statusOnly=true&api-version=${COMPUTE}`
  return itemsOf<NativeVm>(azure, calls, "VirtualMachines_ListAll", path, { what: "reading which VMs have stopped" })
}

/** `undefined` where there is none. */
export async function readVm(
  azure: Azure,
  place: VmPlace,
  calls: Calls,
  expand?: Expansion,
): Promise<NativeVm | undefined> {
  const { group, name } = place
  const info = { what: `reading ${name} in ${group}`, accepts: [404], member: "id", ...recencyOf(azure, group, calls) }
  const reply = await azure.send(calls, "VirtualMachines_Get", info, (connection, signal) =>
    connection.getVm(place, expand, signal),
  )
  return reply.status > 299 ? undefined : (reply.body as NativeVm)
}
