/** The VM that a launch call asks for, in the terms of "@azure/arm-compute". */
import type { VirtualMachine } from "@azure/arm-compute"
import { launchTags, TAG } from "../../../src/fleet/tags.js"
import type { JsonObject, Offer, Wish } from "../../../src/provider.js"
import { REGIONAL } from "../client/ids.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { diskName } from "../prepare/names.js"

/** What a launch call carries: where the VM goes, and the VM in the SDK's terms. */
export type VmBody = { readonly group: string; readonly name: string; readonly vm: JsonObject }

export interface Shared {
  readonly imageReference: JsonObject
  readonly osDisk: JsonObject
  readonly identity: { readonly identity?: JsonObject }
  readonly plan: { readonly plan?: JsonObject }
}

/** What all VMs of a wish have in common is made once: 10,000 calls share it. */
export function sharedParts({ images, plans, disk, identity }: Blueprint, wish: Wish): Shared {
  const plan = plans[wish.arch]
  return {
    // A VM that boots an image of the Marketplace must name the plan under which that is sold.
    plan: plan === undefined ? {} : { plan },
    // A wish is for one architecture of those that the group was prepared for.
    imageReference: images[wish.arch] ?? {},
    osDisk: { createOption: "FromImage", deleteOption: "Delete", ...disk },
    identity:
      identity === undefined ? {} : { identity: { type: "UserAssigned", userAssignedIdentities: { [identity]: {} } } },
  }
}

export function vmOf(
  wish: Wish,
  blueprint: Blueprint,
  shared: Shared,
  { offer, token, name }: { readonly offer: Offer; readonly token: string; readonly name: string },
): JsonObject {
  const { spec, userData, hasNotice } = blueprint
  const ours = {
    ...launchTags(blueprint.owner, wish.group, token),
    ...(spec === undefined ? {} : { [TAG.spec]: spec }),
    ...(hasNotice === true ? { [TAG.notice]: "1" } : {}),
  }
  const tags = { ...blueprint.tags, ...ours }
  const vm = {
    location: blueprint.location,
    tags,
    hardwareProfile: { vmSize: offer.instanceType },
    storageProfile: {
      imageReference: shared.imageReference,
      osDisk: diskOf(blueprint, shared, offer, name),
      ...(blueprint.nvme.includes(offer.instanceType) ? NVME : {}),
    },
    osProfile: { computerName: name, customData: blueprint.customData, ...blueprint.login },
    networkProfile: networkProfile(blueprint, name, tags),
    diagnosticsProfile: DIAGNOSTICS,
    ...(userData === undefined ? {} : { userData }),
    ...shared.plan,
    ...(offer.zone === REGIONAL ? {} : { zones: [offer.zone] }),
    ...(offer.market === "spot" ? spotOf(blueprint) : {}),
    ...blueprint.placement,
    ...shared.identity,
  } satisfies VirtualMachine & JsonObject
  return vm
}

const NVME = { diskControllerType: "NVMe" } as const

/** "Azure boot diagnostics": without a storage account of ours Azure keeps the console itself, and nothing is made for it. */
const DIAGNOSTICS = { bootDiagnostics: { enabled: true } } as const

/** Evicted without Delete, it would keep its disk and its quota ("About Azure Spot Virtual Machines"). */
function spotOf({ maxPrice }: Blueprint) {
  return { priority: "Spot", evictionPolicy: "Delete", billingProfile: { maxPrice } } as const
}

/** On the host itself where the size was found to carry it: nothing to make, to pay for, or to leave behind. */
function diskOf({ ephemeral, owner }: Blueprint, { osDisk }: Shared, offer: Offer, name: string) {
  const placement = ephemeral[offer.instanceType]
  const disk = { name: diskName(name, owner.uid), createOption: "FromImage", ...osDisk } as const
  if (placement === undefined) return disk
  const { managedDisk: _network, ...local } = disk as typeof disk & { managedDisk?: JsonObject }
  return { ...local, caching: "ReadOnly", diffDiskSettings: { option: "Local", placement } } as const
}

/** Made with the VM and deleted with it: each of them says so itself, and carries the same tags. */
function networkProfile(
  { subnetId, publicAddress, securityGroups }: Blueprint,
  name: string,
  tags: Readonly<Record<string, string>>,
) {
  const publicIPAddressConfiguration = {
    name: `${name}-ip`,
    deleteOption: "Delete",
    sku: { name: "Standard", tier: "Regional" },
    // "Standard SKU public IP addresses always use static allocation", which is not the default ("Public IP addresses", SKU).
    publicIPAllocationMethod: "Static",
    tags,
  }
  const ipConfiguration = {
    name: "primary",
    primary: true,
    subnet: { id: subnetId },
    ...(publicAddress ? { publicIPAddressConfiguration } : {}),
    ...(securityGroups === undefined ? {} : { applicationSecurityGroups: securityGroups.map((id) => ({ id })) }),
  }
  const nic = { name: `${name}-nic`, primary: true, deleteOption: "Delete", tags, ipConfigurations: [ipConfiguration] }
  // The newest of the two versions that compute knows for interfaces that it makes itself.
  return { networkApiVersion: "2022-11-01", networkInterfaceConfigurations: [nic] }
}
