/** The names of everything that is made, and the resource ids that they give. */
import type { Owner } from "../../src/provider.js"

/** The most that a resource group's name may have ("Naming rules and restrictions for Azure resources"). */
const GROUP_CHARACTERS = 90
/** A Linux computer name has up to 64; the token's 16 digits and a dash belong to it. */
const NAME_PREFIX_CHARACTERS = 40

/** The zone of an instance that is bound to none: Azure places it in the region where it likes. */
export const REGIONAL = "regional"

/** Says of a group, network or security group that it is shared by clusters and outlives them. */
export const SHARED_TAG = "muster-shared"

/** The nonce of who made a generation's group. */
export const CLAIM_TAG = "muster-claim"

/** One for each generation: a name that any process derives from the cluster's tags alone. */
export function generationGroup({ cluster, uid, generation }: Pick<Owner, "cluster" | "uid" | "generation">): string {
  const end = `-${uid}-${generation}`
  return `muster-${cluster.slice(0, GROUP_CHARACTERS - "muster-".length - end.length)}${end}`.toLowerCase()
}

/** Also of the network, its security group and its subnet: one set for each location. */
export function sharedName(location: string): string {
  return `muster-${location}`
}

/** Never used again: the token is that of one launch call of one wish. */
export function vmName(group: string, token: string): string {
  return `${group.slice(0, NAME_PREFIX_CHARACTERS)}-${token.slice(0, 16)}`.toLowerCase()
}

/** Resource ids are compared in lower case: Azure returns them in any ("Azure Resource Graph" returns several). */
export function vmId(subscriptionId: string, group: string, name: string): string {
  return `${groupId(subscriptionId, group)}/providers/microsoft.compute/virtualmachines/${name.toLowerCase()}`
}

export function groupId(subscriptionId: string, group: string): string {
  return `/subscriptions/${subscriptionId.toLowerCase()}/resourcegroups/${group.toLowerCase()}`
}

export interface VmPlace {
  readonly group: string
  readonly name: string
}

const VM_ID =
  /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.compute\/virtualmachines\/([^/]+)$/i

/** Where a VM is; undefined when this is no VM's id, or one of another subscription. */
export function placeOf(id: string, subscriptionId: string): VmPlace | undefined {
  const [, subscription = "", group, name] = VM_ID.exec(id) ?? []
  if (group === undefined || name === undefined) return undefined
  return subscription.toLowerCase() === subscriptionId.toLowerCase() ? { group, name } : undefined
}

/** The last segment of a resource id. */
export function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1)
}
