/** The names of everything that is made, and the resource ids that they give. */
import { createHash } from "node:crypto"
import type { Owner } from "../../../src/provider.js"

/** The most that a resource group's name may have ("Naming rules and restrictions for Azure resources"). */
const GROUP_CHARACTERS = 90
/** A Linux computer name has up to 64; the token's 16 digits and a dash belong to it. */
const NAME_PREFIX_CHARACTERS = 40

/** Says of a group, network or security group that it is shared by clusters and outlives them. */
export const SHARED_TAG = "muster-shared"

/** Says of the shared group that clusters have opened ports in its network: there may be rules of theirs. */
export const ACCESS_TAG = "muster-access"

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
