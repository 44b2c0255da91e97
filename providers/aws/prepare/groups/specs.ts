/** The security groups that Muster makes: what each is called, and the one rule that it has. Pure. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { TAG } from "../../../../src/fleet/tags.js"
import { canonicalRange } from "../../../../src/input/ranges.js"
import type { Owner } from "../../../../src/provider.js"
import type { Tags } from "../../../../src/tables/tag-rules.js"
import { ownerTags } from "../tags.js"

/** The tag that says so; they belong to no cluster and outlive them. */
export const SHARED_TAG = "muster-shared"

export interface GroupSpec {
  readonly name: string
  readonly description: string
  readonly rule: (groupId: string) => Ec2.IpPermission
  /** Muster's own tags. */
  readonly tags: Tags
  /**
   * The tag and its value without which a group of this name is somebody else's. It may have no other rule either: its members are
   * promised that nobody else reaches them by it. Left out: nobody was promised anything.
   */
  readonly promise?: { readonly key: string; readonly value: string }
}

const shared = { tags: { [SHARED_TAG]: "true" } } as const

/** Nothing comes in but from members of the group itself. */
export const BASE: GroupSpec = {
  name: "muster-shared",
  description: "Muster: instances of this group reach each other, nobody else reaches them",
  rule: (GroupId) => ({ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }),
  ...shared,
}

/** What the names of all groups for a range begin with. */
export const SSH_PREFIX = "muster-shared-ssh-"

/** For `sshFrom`. */
export function sshGroup(range: string): GroupSpec {
  const cidr = range.toLowerCase()
  const source = cidr.includes(":") ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] }
  return {
    name: `${SSH_PREFIX}${cidr.replace(/[./:]/g, "-")}`,
    // A description may have letters, digits, spaces and these: ._-:/()#,@[]+=&;{}!$* (CreateSecurityGroup).
    description: `Muster: SSH from ${cidr}`,
    rule: () => ({ IpProtocol: "tcp", FromPort: 22, ToPort: 22, ...source }),
    ...shared,
  }
}

/** For a range of `access`: the same group, but for its promise. */
export function accessGroup(range: string): GroupSpec {
  return { ...sshGroup(canonicalRange(range)), promise: { key: SHARED_TAG, value: "true" } }
}

/** What the names of all groups of one cluster begin with. */
const PEERS_PREFIX = "muster-peers-"

/** The cluster's own: its workers reach each other, on every port. */
export function peersGroup(owner: Owner): GroupSpec {
  return {
    name: peersName(owner.cluster, owner.uid),
    description: `Muster: workers of ${owner.cluster} reach each other by it, nobody else reaches them`,
    rule: BASE.rule,
    tags: ownerTags(owner),
    promise: { key: TAG.uid, value: owner.uid },
  }
}

/** By it a cluster is seen to have a group of its own. */
export function peersName(cluster: string, uid: string): string {
  return `${PEERS_PREFIX}${cluster}-${uid}`
}
