/** What opens a cluster's ports is called after it: any process derives the names from the cluster's tags alone. */
import { createHash } from "node:crypto"
import type { Owner } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import { sharedName } from "../prepare/names.js"

/** Which of a cluster's two application security groups: who is in it may be reached over ssh, or is a peer. */
export type Door = "ssh" | "peers"

/** The rules of a cluster: ssh from ranges, everything among peers, and nothing to peers from anybody else. */
export type RuleKind = "ssh" | "peers" | "rest"

type Named = Pick<Owner, "cluster" | "uid">

/** Application security groups and rules have up to 80 characters ("Naming rules and restrictions for Azure resources"). */
const MOST_CHARACTERS = 80

/** Of the group and of the rule that lets in; they are of two types. */
export function nameOf({ cluster, uid }: Named, kind: RuleKind): string {
  const end = `-${uid}-${kind}`
  return `muster-${cluster.slice(0, MOST_CHARACTERS - "muster-".length - end.length)}${end}`.toLowerCase()
}

/** Beside the shared network: there it keeps no cluster's group from being deleted, and all generations are in the same one. */
export function doorId(azure: Azure, owner: Named, door: Door): string {
  return `${networkPath(azure)}/applicationSecurityGroups/${nameOf(owner, door)}`
}

/** What is shared in the location has one name. */
export function securityGroupId(azure: Azure): string {
  return `${networkPath(azure)}/networkSecurityGroups/${sharedName(azure.options.location)}`
}

export function networkPath({ options }: Azure): string {
  const group = sharedName(options.location)
  return `/subscriptions/${options.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network`
}

/**
 * A rule's priority is from 100 to 4096, and no two of one direction have the same ("Network security groups"). The lower is read
 * first, so that ssh is before the deny, and so is what peers send each other.
 */
const BANDS: Readonly<Record<RuleKind, readonly [first: number, last: number]>> = {
  ssh: [100, 1499],
  peers: [1500, 2799],
  rest: [2800, 4096],
}

/** The first that is free, from one that the cluster's uid chooses; undefined where none is. */
export function priorityOf(uid: string, kind: RuleKind, taken: ReadonlySet<number>): number | undefined {
  const [first, last] = BANDS[kind]
  const size = last - first + 1
  const start = createHash("sha256").update(`${uid}/${kind}`).digest().readUInt32BE(0) % size
  for (let step = 0; step < size; step += 1) {
    const priority = first + ((start + step) % size)
    if (!taken.has(priority)) return priority
  }
  return undefined
}
