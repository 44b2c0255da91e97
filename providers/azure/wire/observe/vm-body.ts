/** A VM as Azure shows it. */
import { isoTime } from "../../../../src/tables/times.js"
import type { Asked } from "../client/route.js"
import { nicsOf } from "../world/rest.js"
import type { ProvisioningState, Vm } from "../world/state.js"

export function idOf(asked: Asked, { group, name }: Vm): string {
  const subscription = asked.path.split("/")[2] ?? ""
  // Compute returns group names in capitals: ids are the same in any case.
  return `/subscriptions/${subscription}/resourceGroups/${group.toUpperCase()}/providers/Microsoft.Compute/virtualMachines/${name}`
}

export function bodyOf(asked: Asked, vm: Vm, provisioningState: ProvisioningState): Record<string, unknown> {
  const { request, createdAt, vmId, name } = vm
  const {
    networkProfile: _network,
    userData: _data,
    osProfile,
    storageProfile,
    ...properties
  } = request.properties ?? {}
  // What is secret is never returned, and user data only when it is asked for.
  const { customData: _custom, ...os } = osProfile ?? {}
  const base = idOf(asked, vm).replace(/\/providers\/.*$/, "/providers/Microsoft.Network/networkInterfaces")
  const networkInterfaces = nicsOf(request).map((nic) => ({
    id: `${base}/${nic.name ?? name}`,
    properties: { primary: true, deleteOption: "Delete" },
  }))
  return {
    name,
    id: idOf(asked, vm),
    type: "Microsoft.Compute/virtualMachines",
    location: request.location,
    ...(request.tags === undefined ? {} : { tags: request.tags }),
    ...(request.zones === undefined ? {} : { zones: request.zones }),
    ...(request.identity === undefined ? {} : { identity: request.identity }),
    properties: {
      ...properties,
      osProfile: os,
      ...(storageProfile === undefined ? {} : { storageProfile: storageOf(asked, vm, storageProfile) }),
      networkProfile: { networkInterfaces },
      provisioningState,
      vmId,
      timeCreated: isoTime(createdAt),
    },
  }
}

/** A managed disk is named by its id as well ("Virtual Machines - Get", managedDisk). */
function storageOf(
  asked: Asked,
  vm: Vm,
  storage: NonNullable<NonNullable<Vm["request"]["properties"]>["storageProfile"]>,
) {
  const { osDisk } = storage
  if (osDisk === undefined || osDisk.diffDiskSettings !== undefined) return storage
  const id = idOf(asked, vm).replace(/virtualMachines\/[^/]*$/, `disks/${osDisk.name ?? `${vm.name}-os`}`)
  return { ...storage, osDisk: { ...osDisk, managedDisk: { ...osDisk.managedDisk, id } } }
}
