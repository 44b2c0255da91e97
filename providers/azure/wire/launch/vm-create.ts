/** How a VM is made, with its parts: interface, disk, address. */
import type { Creation, World } from "../../../../src/simulator/index.js"
import { Refusal } from "../client/refusals.js"
import type { Asked } from "../client/route.js"
import { idOf } from "../observe/vm-body.js"
import type { PartAttributes } from "../prepare/parts.js"
import { nicsOf, type RestNic, type RestVm } from "../world/rest.js"
import { guidOf, type State, type Vm } from "../world/state.js"
import { NO_ZONE } from "../world/world.js"

/** An allocation that fails says so after some seconds. */
const FAILS_MS = [5_000, 20_000] as const

const PUT = "VirtualMachines_CreateOrUpdate"

/** Quota and spot capacity refuse at once; what is short on demand is found out when it is allocated. */
export function create(state: State, place: Pick<Vm, "subscription" | "group" | "name">, request: RestVm): Vm {
  const { world } = state
  const { group, name } = place
  const { properties = {}, tags = {}, zones } = request
  const zone = zones?.[0] ?? NO_ZONE
  const size = properties.hardwareProfile?.vmSize?.toLowerCase()
  const instanceType = world.settings.types.find((type) => type.name.toLowerCase() === size)?.name ?? ""
  const market = properties.priority === "Spot" ? "spot" : "on-demand"
  const base = { ...place, order: ++state.orders, request, createdAt: world.clock.now() }
  const scripted = state.answers.next(PUT, "failed-view", { zone, instanceType, market })
  if (scripted !== undefined) {
    const { code, message } = scripted
    const failure = { at: world.clock.now() + world.draw(FAILS_MS), code, message }
    return { ...base, vmId: guidOf(`${group}/${name}`), failure }
  }
  const publicAddress = hasAddress(request)
  const { customData } = properties.osProfile ?? {}
  const creation = world.create({
    zone,
    instanceType,
    market,
    min: 1,
    max: 1,
    tags,
    publicAddress,
    names: [name],
    nameScope: group,
    attributes: { group, name, ...(customData === undefined ? {} : { customData }) },
  })
  const [instance] = creation.kind === "mismatch" ? [] : creation.instances
  if (instance !== undefined) return { ...base, vmId: instance.id, instanceId: instance.id }
  return {
    ...base,
    vmId: guidOf(`${group}/${name}`),
    failure: shortage(world, creation, { zone, instanceType, market }),
  }
}

function shortage(
  world: World,
  creation: Creation,
  pool: { readonly zone: string; readonly instanceType: string; readonly market: string },
) {
  const { reason, scope } =
    creation.kind === "created" && creation.shortage !== undefined
      ? creation.shortage
      : { reason: "capacity", scope: {} }
  const { zone, instanceType, market } = pool
  if (reason === "quota") throw quotaRefusal(world, scope, instanceType)
  if (market === "spot") {
    throw new Refusal(
      409,
      "SkuNotAvailable",
      `The requested size for resource is currently not available in location '${world.settings.region}' zones '${zone}' for subscription. Spot capacity: try another size or deploy to a different location or zones.`,
    )
  }
  const at = world.clock.now() + world.draw(FAILS_MS)
  if (zone === NO_ZONE)
    return {
      at,
      code: "AllocationFailed",
      message: `Allocation failed. We do not have sufficient capacity for the requested VM size ${instanceType} in this region.`,
    }
  return {
    at,
    code: "ZonalAllocationFailed",
    message: `Allocation failed. We do not have sufficient capacity for the requested VM size ${instanceType} in this zone.`,
  }
}

function quotaRefusal(
  world: World,
  scope: { readonly family?: string; readonly market?: string },
  instanceType: string,
): Refusal {
  const row = world.quotas().find((quota) => quota.scope.family === scope.family && quota.scope.market === scope.market)
  const quota =
    scope.family !== undefined
      ? `${scope.family} Cores`
      : scope.market === "spot"
        ? "LowPriorityCores"
        : "Total Regional Cores"
  const { limit = 0, used = 0 } = row ?? {}
  const details = `Deployment Model: Resource Manager, Location: ${world.settings.region}, Current Limit: ${limit}, Current Usage: ${used}, Additional Required: for ${instanceType}`
  return new Refusal(
    409,
    "OperationNotAllowed",
    `Operation could not be completed as it results in exceeding approved ${quota} quota. Additional details - ${details}. Submit a request for Quota increase.`,
  )
}

function hasAddress(request: RestVm): boolean {
  return nicsOf(request).some((nic) =>
    nic.properties?.ipConfigurations?.some((one) => one.properties?.publicIPAddressConfiguration),
  )
}

/** Each goes with its VM only if it says so itself; a disk's default is to stay (deleteOption: Detach). */
export function addParts(state: State, asked: Asked, vm: Vm): void {
  const { request, group, instanceId } = vm
  const add = (
    kind: string,
    name: string,
    tags: Readonly<Record<string, string>>,
    deleteOption: string | undefined,
    own: Partial<PartAttributes> = {},
  ) => {
    const isKept = keep(state, kind)
    const goes = deleteOption === "Delete" && instanceId !== undefined && !isKept ? { goesWith: instanceId } : {}
    const { privateIp, publicIp } = (instanceId === undefined ? undefined : state.world.instance(instanceId)) ?? {}
    const ips = { ...(privateIp === undefined ? {} : { privateIp }), ...(publicIp === undefined ? {} : { publicIp }) }
    const attributes: PartAttributes = { group, name, madeFor: vm.name, user: idOf(asked, vm), ...ips, ...own }
    state.world.resources.put({
      kind,
      id: `${group}/${name}`.toLowerCase(),
      tags,
      attributes: attributes as never,
      ...goes,
    })
  }
  const { osDisk } = request.properties?.storageProfile ?? {}
  // Whether a disk takes over its VM's tags is not documented (azure.disk-tags), so it does not.
  if (osDisk?.diffDiskSettings === undefined) add("disk", osDisk?.name ?? `${vm.name}-os`, {}, osDisk?.deleteOption)
  for (const nic of nicsOf(request)) {
    add("nic", nic.name ?? vm.name, nic.tags ?? {}, nic.properties?.deleteOption, placeOf(nic))
    for (const { properties } of nic.properties?.ipConfigurations ?? []) {
      const address = properties?.publicIPAddressConfiguration
      if (address !== undefined)
        add("address", address.name ?? vm.name, address.tags ?? {}, address.properties?.deleteOption)
    }
  }
}

/** Where an interface is, and in which groups. */
function placeOf({ properties }: RestNic): Partial<PartAttributes> {
  const [configuration] = properties?.ipConfigurations ?? []
  const { subnet, applicationSecurityGroups = [] } = configuration?.properties ?? {}
  const doors = applicationSecurityGroups.map(({ id = "" }) => id).join(" ")
  return { ...(subnet?.id === undefined ? {} : { subnet: subnet.id }), ...(doors === "" ? {} : { doors }) }
}

function keep({ quirks }: State, kind: string): boolean {
  if (kind === "nic" && quirks.keptInterfaces > 0) {
    quirks.keptInterfaces -= 1
    return true
  }
  if (kind === "disk" && quirks.keptDisks > 0) {
    quirks.keptDisks -= 1
    return true
  }
  return false
}
