/** Reading VMs: by name, which is strongly consistent, and a group's list, which follows later. */
import type { Calls } from "../../src/provider.js"
import type { NativeVm } from "./instance.js"
import type { VmPlace } from "./names.js"
import { itemsOf } from "./pages.js"
import type { Azure } from "./send.js"
import { COMPUTE } from "./versions.js"

/** All VMs of a group, ours or not; none where the group is gone. */
export function vmsIn(azure: Azure, group: string, calls: Calls): Promise<readonly NativeVm[]> {
  const { subscriptionId } = azure.options
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${group}/providers/Microsoft.Compute/virtualMachines?api-version=${COMPUTE}`
  return itemsOf<NativeVm>(azure, calls, "VirtualMachines_List", path, {
    what: `listing the VMs of ${group}`,
    accepts: [404],
  })
}

/** `undefined` where there is none. `isRuntime` asks for the instance view as well. */
export async function readVm(
  azure: Azure,
  place: VmPlace,
  calls: Calls,
  isRuntime = false,
): Promise<NativeVm | undefined> {
  const sending = { what: `reading ${place.name} in ${place.group}`, accepts: [404], member: "id" }
  const reply = await azure.send(calls, "VirtualMachines_Get", sending, (connection, signal) =>
    connection.getVm(place, isRuntime, signal),
  )
  return reply.status > 299 ? undefined : (reply.body as NativeVm)
}
