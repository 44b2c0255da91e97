/**
 * The firewall rules of a cluster, and the network tags that they are for. Pure. Rules of a VPC network are tried in the order of their
 * priority, the smallest number first, and of equal ones a denial ("Firewall", `priority`). The denial goes before the rules that a
 * network of Google's comes with (65534) and before those of a user that name no priority (1000): what they let in is more than was
 * asked for.
 */
import { holderTagOf, TAG } from "../../../../src/fleet/tags.js"
import type { JsonObject, Owner } from "../../../../src/provider.js"
import { hexOf } from "../../client/ids/names.js"
import type { NativeFirewall } from "../../client/native.js"

/** Ssh from peers goes before the denial of ssh, and ssh from outside before the denial of everything. */
const PRIORITY = { ssh: 500, "ssh-own": 500, peers: 501, "ssh-deny": 510, "peers-deny": 520 } as const

export type Part = keyof typeof PRIORITY

/** A group has one tag for each of the two that it asks for. */
export type TagKind = "ssh" | "peers"

/** Where rules are: they belong to one network, and each region of a cluster has its own. */
export interface RulePlace {
  readonly region: string
  /** Of a shared VPC: its host project, where the rules are. Left out: the cluster's own. */
  readonly project?: string
  /** "global/networks/default" */
  readonly network: string
}

/** What a rule is, in the words of the API. */
export type Rule = JsonObject & {
  readonly name: string
  readonly description: string
  readonly network: string
  readonly direction: "INGRESS"
  readonly priority: number
  readonly targetTags: readonly string[]
  readonly sourceRanges?: readonly string[]
  readonly sourceTags?: readonly string[]
}

/** Names have 63 characters: the longest part has 10, the digest 12, "muster" 6, and three hyphens are between them. */
const STEM = 32

function named({ cluster }: Owner, identity: string, part: string): string {
  return `muster-${cluster.slice(0, STEM).replace(/-+$/, "")}-${hexOf(identity, 12)}-${part}`
}

/** The same in all regions and networks, so that workers of one network are peers wherever they are. */
export function tagOf(owner: Owner, kind: TagKind): string {
  return named(owner, owner.uid, kind)
}

export function isTagOf(owner: Owner, tag: string): boolean {
  return tag === tagOf(owner, "ssh") || tag === tagOf(owner, "peers")
}

const SSH = [{ IPProtocol: "tcp", ports: ["22"] }] as const
const ALL = [{ IPProtocol: "all" }] as const
const EVERYONE = ["0.0.0.0/0"] as const

/**
 * What lets these ranges in to port 22 of what has the tag, and nobody else but what has it too: that is the way through a head. The
 * first one closes; without it a default network lets everybody in.
 *
 * @param from IPv4 ranges.
 */
export function sshRules(owner: Owner, place: RulePlace, from: readonly string[]): readonly Rule[] {
  const tag = tagOf(owner, "ssh")
  return [
    rule(owner, place, "ssh-deny", { targetTags: [tag], sourceRanges: EVERYONE, denied: SSH }),
    rule(owner, place, "ssh-own", { targetTags: [tag], sourceTags: [tag], allowed: SSH }),
    rule(owner, place, "ssh", { targetTags: [tag], sourceRanges: from, allowed: SSH }),
  ]
}

/** What opens every port of what has the tag to what has it too, and closes it to all others. */
export function peersRules(owner: Owner, place: RulePlace): readonly Rule[] {
  const tag = tagOf(owner, "peers")
  return [
    rule(owner, place, "peers-deny", { targetTags: [tag], sourceRanges: EVERYONE, denied: ALL }),
    rule(owner, place, "peers", { targetTags: [tag], sourceTags: [tag], allowed: ALL }),
  ]
}

type Words = Pick<Rule, "targetTags" | "sourceRanges" | "sourceTags"> & JsonObject

function rule(owner: Owner, place: RulePlace, part: Part, words: Words): Rule {
  const { region, project, network } = place
  const path = project === undefined ? network : `projects/${project}/${network}`
  return {
    name: named(owner, `${owner.uid}/${region}/${path}`, part),
    description: descriptionOf(owner, region),
    network: path,
    direction: "INGRESS",
    priority: PRIORITY[part],
    ...words,
  }
}

const REGION = "muster-region"

/** Firewall rules have no labels: what those would say is text here. */
function descriptionOf(owner: Owner, region: string): string {
  const tags = {
    [TAG.cluster]: owner.cluster,
    [TAG.uid]: owner.uid,
    [TAG.owner]: owner.owner,
    [TAG.generation]: String(owner.generation),
    [TAG.deadline]: owner.deadline,
    ...holderTagOf(owner),
    [REGION]: region,
  }
  const words = Object.entries(tags).map(([key, value]) => `${key}=${value}`)
  return `Made by Muster for workers of cluster ${owner.cluster}, and goes with them. ${words.join(" ")}`
}

export interface OwnRule {
  readonly tags: Readonly<Record<string, string>>
  readonly region: string
}

/** Whose a rule is; undefined for one that Muster has not made. */
export function ownRuleOf({ name = "", description = "" }: NativeFirewall): OwnRule | undefined {
  const words = [...description.matchAll(/(?:^|\s)(muster-[a-z]+)=([a-z0-9_-]*)(?=\s|$)/g)]
  const { [REGION]: region = "", ...tags } = Object.fromEntries(words.map(([, key = "", value = ""]) => [key, value]))
  const isOurs = [TAG.cluster, TAG.uid, TAG.owner].every((key) => tags[key] !== undefined)
  return name.startsWith("muster-") && isOurs && region !== "" ? { tags, region } : undefined
}

/** Those that close go last: what they close is open to others once they are gone. */
export function isDenial({ name = "" }: Pick<NativeFirewall, "name">): boolean {
  return name.endsWith("-deny")
}
