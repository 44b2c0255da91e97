/** The end of a virtual machine ("Virtual Machines - Delete"), and what it leaves behind. */
import { VMS, inGroup, DELETE, type Answered, type Asked, type Route } from "../client/route.js"
import { operationHeaders } from "../launch/vm-operations.js"
import { checkUnlocked } from "../prepare/groups.js"
import type { PartAttributes } from "../prepare/parts.js"
import { type State, type Vm, vmKey } from "../world/state.js"

function remove(state: State, asked: Asked): Answered {
  const [group = "", name = ""] = asked.names
  const vm = state.vms.get(vmKey(group, name))
  if (vm === undefined) return { status: 204 }
  checkUnlocked(state, asked, group)
  const { world } = state
  const now = world.clock.now()
  if (vm.deletedAt === undefined) {
    vm.deletedAt = now
    if (vm.instanceId !== undefined) world.terminate([vm.instanceId])
    const isOver = vm.instanceId === undefined || world.instance(vm.instanceId)?.state === "terminated"
    if (isOver) vm.goneAt = now + world.draw(world.latency.stopMs)
    release(state, vm, now)
  }
  const headers = operationHeaders(state, asked, vm, "10")
  const operation = headers["azure-asyncoperation"] ?? ""
  return { status: 202, headers: { ...headers, location: `${operation}&monitor=true` } }
}

/** An interface whose VM was just deleted, or never came about, stays reserved for that VM so long ("NicReservedForAnotherVm"). */
const RESERVED_MS = 180_000

/** From now on no VM uses the parts that stay behind. The interface stays reserved for a while. */
function release({ world }: State, vm: Vm, now: number): void {
  for (const kind of ["nic", "disk", "address"] as const) {
    for (const resource of world.resources.list({ kind })) {
      const { group, name, subnet, doors } = resource.attributes as unknown as PartAttributes
      const user = String(resource.attributes.user ?? "").toLowerCase()
      if (resource.goesWith !== undefined || group !== vm.group || !user.endsWith(`/virtualmachines/${vm.name}`))
        continue
      const attributes = {
        group,
        name,
        madeFor: vm.name,
        ...(subnet === undefined ? {} : { subnet }),
        ...(doors === undefined ? {} : { doors }),
        ...(kind === "nic" ? { reservedUntil: now + RESERVED_MS } : {}),
      }
      world.resources.put({ ...resource, attributes })
    }
  }
}

export const vmDeleteRoutes: readonly Route[] = [
  {
    api: "VirtualMachines_Delete",
    method: "DELETE",
    path: inGroup(`${VMS}/*`),
    cost: { ...DELETE, "compute.DeleteVM": 1 },
    answer: remove,
  },
]
