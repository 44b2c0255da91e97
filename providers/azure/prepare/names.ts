/** The names of everything that is made, and the resource ids that they give. */
import { createHash } from "node:crypto"
import type { Owner } from "../../../src/provider.js"

/** The most that a resource group's name may have ("Naming rules and restrictions for Azure resources"). */
const GROUP_CHARACTERS = 90
/** A Linux computer name has up to 64; the token's 16 digits and a dash belong to it. */
const NAME_PREFIX_CHARACTERS = 40

/** The zone of an instance that is bound to none: Azure places it in the region where it likes. */
export const REGIONAL = "regional"

/** Says of a group, network or security group that it is shared by clusters and outlives them. */
export const SHARED_TAG = "muster-shared"

/** Says of a group that it is the claim of a name, and holds no VMs. */
export const NAME_TAG = "muster-name"

/** When a name was claimed, in seconds since 1970. */
export const CLAIMED_TAG = "muster-claimed"

/** The nonce of who made a generation's group. */
export const CLAIM_TAG = "muster-claim"

/** One for each generation: a name that any process derives from the cluster's tags alone. */
export function generationGroup({ cluster, uid, generation }: Pick<Owner, "cluster" | "uid" | "generation">): string {
  const end = `-${uid}-${generation}`
  return `muster-${cluster.slice(0, GROUP_CHARACTERS - "muster-".length - end.length)}${end}`.toLowerCase()
}

/**
 * Holds nothing but the claim of a new cluster's name: of the owner's clusters in a location one at a time makes it. The numbers
 * from 2 on are beside what earlier clusters of the name have left.
 */
export function nameGroup(
  { cluster, owner }: Pick<Owner, "cluster" | "owner">,
  location: string,
  number: number,
): string {
  const digest = createHash("sha256").update(`${location}/${owner}/${cluster}`).digest("hex").slice(0, 16)
  const end = `-${digest}${number === 1 ? "" : `-${number}`}`
  return `muster-name-${cluster.slice(0, GROUP_CHARACTERS - "muster-name-".length - end.length)}${end}`.toLowerCase()
}

/** Also of the network, its security group and its subnet: one set for each location. */
export function sharedName(location: string): string {
  return `muster-${location}`
}

/** Never used again: the token is that of one launch call of one wish. */
export function vmName(group: string, token: string): string {
  return `${group.slice(0, NAME_PREFIX_CHARACTERS)}-${token.slice(0, 16)}`.toLowerCase()
}

/**
 * A VM's PUT has no place for tags of its disk (`OSDisk`, "Virtual Machines - Create Or Update"), so the cluster's uid is in
 * the disk's name: 80 characters at most, 57 of them the VM's.
 */
export function diskName(vm: string, uid: string): string {
  return `${vm}${diskNameEnd(uid)}`
}

/** What the names of all disks of a cluster end with. */
export function diskNameEnd(uid: string): string {
  return `-${uid.slice(0, 16)}-os`.toLowerCase()
}

/** Resource ids are compared in lower case: Azure returns them in any ("Azure Resource Graph" returns several). */
export function vmId(subscriptionId: string, group: string, name: string): string {
  return `${groupId(subscriptionId, group)}/providers/microsoft.compute/virtualmachines/${name.toLowerCase()}`
}

export function groupId(subscriptionId: string, group: string): string {
  return `/subscriptions/${subscriptionId.toLowerCase()}/resourcegroups/${group.toLowerCase()}`
}

/** The path of a request: whatever the name is, it stays one segment. */
export function groupPath(subscriptionId: string, group: string): string {
  return `${subscriptionPath(subscriptionId)}/resourceGroups/${encodeURIComponent(group)}`
}

export function subscriptionPath(subscriptionId: string): string {
  return `/subscriptions/${encodeURIComponent(subscriptionId)}`
}

/** A resource of a group, taken apart. */
export interface ResourcePlace {
  readonly group: string
  /** "Microsoft.Compute/disks" */
  readonly type: string
  readonly name: string
}

const RESOURCE_ID = /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/([^/]+\/[^/]+)\/([^/]+)$/i

/** Undefined when this is no such resource's id, or one of another subscription. */
export function resourceOf(id: string, subscriptionId: string): ResourcePlace | undefined {
  const [, subscription = "", group = "", type = "", name = ""] = RESOURCE_ID.exec(id) ?? []
  if (subscription.toLowerCase() !== subscriptionId.toLowerCase()) return undefined
  return isSegment(group) && isSegment(name) ? { group, type, name } : undefined
}

/** "." and ".." would be taken out of a URL, and the segment before with them. */
function isSegment(name: string): boolean {
  return name !== "" && name !== "." && name !== ".."
}

export interface VmPlace {
  readonly group: string
  readonly name: string
}

/** Where a VM is; undefined when this is no VM's id, or one of another subscription. */
export function placeOf(id: string, subscriptionId: string): VmPlace | undefined {
  const place = resourceOf(id, subscriptionId)
  return place?.type.toLowerCase() === "microsoft.compute/virtualmachines" ? place : undefined
}

/** The last segment of a resource id. */
export function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1)
}
