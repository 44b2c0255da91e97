/** The parts of a VM that are resources of their own: interfaces, addresses and disks, which behave alike. */
import { Refusal } from "../client/refusals.js"
import { type Answered, type Asked, DELETE, inGroup, READ, type Route } from "../client/route.js"
import { etagOf, type State } from "../world/state.js"

interface Kind {
  readonly kind: string
  readonly type: string
  readonly list: string
  readonly remove: string
  readonly inUse: string
}

const NIC: Kind = {
  kind: "nic",
  type: "Microsoft.Network/networkInterfaces",
  list: "NetworkInterfaces_List",
  remove: "NetworkInterfaces_Delete",
  inUse: "NicInUse",
}

const KINDS: readonly Kind[] = [
  NIC,
  {
    kind: "address",
    type: "Microsoft.Network/publicIPAddresses",
    list: "PublicIPAddresses_List",
    remove: "PublicIPAddresses_Delete",
    inUse: "PublicIPAddressCannotBeDeleted",
  },
  {
    kind: "disk",
    type: "Microsoft.Compute/disks",
    list: "Disks_ListByResourceGroup",
    remove: "Disks_Delete",
    inUse: "OperationNotAllowed",
  },
]

/** Attributes of an interface, an address or a disk. */
export interface PartAttributes {
  readonly group: string
  readonly name: string
  /** The name of the VM with which it was made. */
  readonly madeFor?: string
  /** The VM's resource id. */
  readonly user?: string
  readonly privateIp?: string
  readonly publicIp?: string
  /** The subnet of an interface, by id, and its application security groups, by id and with a space between. */
  readonly subnet?: string
  readonly doors?: string
  /** How often an interface was written. */
  readonly version?: number
  /** Until then it is reserved for the VM with which it was made, in milliseconds since 1970. */
  readonly reservedUntil?: number
  readonly [key: string]: string | number | undefined
}

export function nicBody(state: State, asked: Asked, id: string): unknown {
  return partBody(state, asked, NIC, id)
}

function partBody(state: State, asked: Asked, { kind, type }: Kind, id: string): unknown {
  const resource = state.world.resources.get(kind, id)
  const attributes = (resource?.attributes ?? {}) as unknown as PartAttributes
  const subscription = asked.path.split("/")[2] ?? ""
  const base = `/subscriptions/${subscription}/resourceGroups/${attributes.group}/providers/${type}/${attributes.name}`
  const isUsed = attributes.user !== undefined
  const user = { id: attributes.user }
  const properties = {
    provisioningState: "Succeeded",
    ...(kind === "nic" && isUsed
      ? { virtualMachine: user, ipConfigurations: [ipConfiguration(base, attributes)] }
      : {}),
    // A VM's own address is Standard, which is static always: what is not is refused when it is asked for.
    ...(kind === "address" ? { publicIPAllocationMethod: "Static" } : {}),
    ...(kind === "address" && isUsed ? { ipConfiguration: user, ipAddress: attributes.publicIp } : {}),
    ...(kind === "disk" ? { creationData: { createOption: "FromImage" } } : {}),
  }
  const managedBy = kind === "disk" && isUsed ? { managedBy: attributes.user } : {}
  return {
    id: base,
    name: attributes.name,
    type,
    location: state.world.settings.region,
    tags: resource?.tags,
    ...(kind === "nic" ? { etag: etagOf(attributes.version ?? 1) } : {}),
    ...managedBy,
    properties,
  }
}

function ipConfiguration(nic: string, { privateIp, publicIp, name, subnet, doors }: PartAttributes): unknown {
  const address = nic.replace(/networkInterfaces\/.*$/, `publicIPAddresses/${name.replace(/-nic$/, "-ip")}`)
  const publicIPAddress = publicIp === undefined ? {} : { publicIPAddress: { id: address } }
  const of = subnet === undefined ? {} : { subnet: { id: subnet } }
  const groups = doors === undefined ? {} : { applicationSecurityGroups: doors.split(" ").map((id) => ({ id })) }
  const properties = { primary: true, privateIPAddress: privateIp, ...of, ...publicIPAddress, ...groups }
  return { name: "primary", properties }
}

function routesOf(kind: Kind): readonly Route[] {
  const path = `/providers/${kind.type.toLowerCase()}`
  return [
    {
      api: kind.list,
      method: "GET",
      path: inGroup(path),
      cost: kind.kind === "disk" ? { ...READ, "compute.HighCostGet": 1 } : READ,
      answer: (state, asked) => {
        const [group = ""] = asked.names
        const parts = state.world.resources
          .list({ kind: kind.kind })
          .filter(({ attributes }) => attributes.group === group)
        return { status: 200, body: { value: parts.map(({ id }) => partBody(state, asked, kind, id)) } }
      },
    },
    {
      api: kind.remove,
      method: "DELETE",
      path: inGroup(`${path}/*`),
      cost: DELETE,
      answer: (state, asked) => removePart(state, kind, asked.names.join("/")),
    },
  ]
}

function removePart(state: State, { kind, inUse }: Kind, id: string): Answered {
  const found = state.world.resources.get(kind, id)
  if (found === undefined) return { status: 204 }
  const { user, reservedUntil = 0 } = found.attributes as unknown as PartAttributes
  if (reservedUntil > state.world.clock.now()) {
    throw new Refusal(
      400,
      "NicReservedForAnotherVm",
      `Nic(s) in request is reserved for another Virtual Machine for 180 seconds: ${id}.`,
    )
  }
  if (user !== undefined) throw new Refusal(400, inUse, `${id} is used by existing resource ${user}.`)
  state.world.resources.delete(kind, id)
  return { status: 202 }
}

export const partRoutes: readonly Route[] = KINDS.flatMap(routesOf)
