/** From a wish to one PUT for each VM. Pure. */
import { createHash } from "node:crypto"
import type { VirtualMachine } from "@azure/arm-compute"
import { launchTags, TAG } from "../../../src/fleet/tags.js"
import type { JsonObject, LaunchCall, Offer, Prepared, Wish } from "../../../src/provider.js"
import { REGIONAL } from "../client/ids.js"
import { merge } from "../client/merge.js"
import { COSTS } from "../limits.js"
import { diskName, vmName } from "../prepare/names.js"
import type { Blueprint } from "../prepare/prepare.js"

/** What a launch call carries: where the VM goes, and the VM in the SDK's words. */
export type VmBody = { readonly group: string; readonly name: string; readonly vm: JsonObject }

/**
 * Each VM has its own name, size, zone and error. "one-zone" takes the best offer; "zones" takes the best of each zone in
 * turn, where "regional" is one of them if it is offered.
 */
export function split(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  const blueprint = prepared.body as Blueprint
  const offers = wish.spread === "one-zone" ? wish.offers.slice(0, 1) : bestOfZones(wish.offers)
  if (offers.length === 0) return []
  const shared = sharedParts(blueprint, wish)
  return Array.from({ length: wish.count }, (_, index) => {
    const offer = offers[index % offers.length] as Offer
    return launchCall(wish, blueprint, shared, { offer, index })
  })
}

function bestOfZones(offers: readonly Offer[]): readonly Offer[] {
  const zones = new Map<string, Offer>()
  for (const offer of offers) if (!zones.has(offer.zone)) zones.set(offer.zone, offer)
  return [...zones.values()]
}

interface Shared {
  readonly imageReference: JsonObject
  readonly osDisk: JsonObject
  readonly identity: { readonly identity?: JsonObject }
  readonly plan: { readonly plan?: JsonObject }
}

/** What all VMs of a wish have in common is made once: 10,000 calls share it. */
function sharedParts({ images, plans, disk, identity }: Blueprint, wish: Wish): Shared {
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

function launchCall(
  wish: Wish,
  blueprint: Blueprint,
  shared: Shared,
  { offer, index }: { readonly offer: Offer; readonly index: number },
): LaunchCall {
  const token = createHash("sha256").update(`${wish.uid}/${wish.id}/${index}`).digest("hex").slice(0, 32)
  const name = vmName(wish.group, token)
  const body: VmBody = {
    group: blueprint.group,
    name,
    vm: merge(vmOf(wish, blueprint, shared, { offer, token, name }), blueprint.overrides),
  }
  return {
    api: "VirtualMachines_CreateOrUpdate",
    zone: offer.zone,
    group: wish.group,
    offers: [offer],
    count: 1,
    token,
    names: [name],
    body,
    cost: COSTS.VirtualMachines_CreateOrUpdate,
  }
}

function vmOf(
  wish: Wish,
  blueprint: Blueprint,
  shared: Shared,
  { offer, token, name }: { readonly offer: Offer; readonly token: string; readonly name: string },
): JsonObject {
  const { spec, userData } = blueprint
  const ours = {
    ...launchTags(blueprint.owner, wish.group, token),
    ...(spec === undefined ? {} : { [TAG.spec]: spec }),
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
function networkProfile({ subnetId, publicAddress }: Blueprint, name: string, tags: Readonly<Record<string, string>>) {
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
  }
  const nic = { name: `${name}-nic`, primary: true, deleteOption: "Delete", tags, ipConfigurations: [ipConfiguration] }
  // The newest of the two versions that compute knows for interfaces that it makes itself.
  return { networkApiVersion: "2022-11-01", networkInterfaceConfigurations: [nic] }
}
