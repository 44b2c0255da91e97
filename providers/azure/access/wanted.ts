/** The rules that a cluster needs, and the next request that brings the security group nearer to them. Pure. */
import { RejectedError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Owner } from "../../../src/provider.js"
import { nameOf, priorityOf, type RuleKind } from "./names.js"
import { isIpv4, isWithin, united } from "./ranges.js"
import { type NativeRule, refersTo, type RuleProperties, sourcesOf } from "./rules.js"

export interface WantedRule {
  readonly kind: RuleKind
  readonly name: string
  /** Addresses; none where members of `sourceGroup` are let in. */
  readonly from: readonly string[]
  readonly sourceGroup?: string
  /** The group whose members it is about. */
  readonly group: string
}

export interface Doors {
  /** The application security group of those that ssh is open to; left out: nobody asked. */
  readonly ssh?: { readonly id: string; readonly from: readonly string[] }
  readonly peers?: { readonly id: string }
}

/**
 * In the order in which they are made. The default rule `AllowVnetInBound` lets every neighbour in, so that peers need a deny behind
 * what lets them reach each other ("Application security groups": Deny-Database-All). A rule takes one group at each side
 * (`NumberOfApplicationSecurityGroupsReferencedInSecurityRuleLimitReached`, hashicorp/terraform-provider-azurerm#1587).
 */
export function rulesFor(owner: Owner, { ssh, peers }: Doors): readonly WantedRule[] {
  const named = (kind: RuleKind) => ({ kind, name: nameOf(owner, kind) })
  return [
    ...(ssh === undefined ? [] : [{ ...named("ssh"), group: ssh.id, from: united(ssh.from.filter(isIpv4)) }]),
    ...(peers === undefined
      ? []
      : [
          { ...named("peers"), group: peers.id, sourceGroup: peers.id, from: [] },
          { ...named("rest"), group: peers.id, from: ["*"] },
        ]),
  ]
}

/** `put`: this rule, as a new one or in place of what has this etag. `wait`: all are there, and one is not in force yet. */
export type Step =
  | { readonly put: WantedRule; readonly properties: RuleProperties; readonly etag?: string; readonly isNew: boolean }
  | "wait"

/** @returns undefined when all are in force. @throws RejectedError when no priority is free. */
export function nextStep(owner: Owner, wanted: readonly WantedRule[], rules: readonly NativeRule[]): Step | undefined {
  const named = (name: string) => rules.find((rule) => rule.name?.toLowerCase() === name)
  for (const rule of wanted) {
    const known = named(rule.name)
    if (known !== undefined && isMade(rule, known)) continue
    const priority = known?.properties?.priority ?? freePriority(owner, rule, rules)
    const before = known === undefined ? [] : openTo(known)
    const properties = propertiesOf(owner, rule, before, priority)
    const etag = known?.etag === undefined ? {} : { etag: known.etag }
    return { put: rule, properties, isNew: known === undefined, ...etag }
  }
  const isInForce = ({ name }: WantedRule) =>
    /^succeeded$/i.test(named(name)?.properties?.provisioningState ?? "Succeeded")
  return wanted.every(isInForce) ? undefined : "wait"
}

/** Whether it does what is wanted, more sources aside: what was opened before stays open. */
function isMade({ kind, from, sourceGroup, group }: WantedRule, { properties = {} }: NativeRule): boolean {
  const { access, direction, protocol = "", provisioningState = "Succeeded" } = properties
  const sources = sourcesOf(properties)
  return (
    !/^(failed|canceled|deleting)$/i.test(provisioningState) &&
    access === (kind === "rest" ? "Deny" : "Allow") &&
    direction === "Inbound" &&
    protocol.toLowerCase() === (kind === "ssh" ? "tcp" : "*") &&
    properties.destinationPortRange === (kind === "ssh" ? "22" : "*") &&
    refersTo(properties.destinationApplicationSecurityGroups, group) &&
    (sourceGroup === undefined || refersTo(properties.sourceApplicationSecurityGroups, sourceGroup)) &&
    from.every((range) => sources.some((source) => source === range || (isRange(source) && isWithin(range, source))))
  )
}

/** What a rule of ours is open to already. */
function openTo({ properties = {} }: NativeRule): readonly string[] {
  return sourcesOf(properties).filter(isRange)
}

function isRange(source: string): boolean {
  return /^[\d.]+\/\d+$/.test(source)
}

/** @throws RejectedError when all are taken: a security group has at most 1,000 rules. */
function freePriority({ uid }: Owner, { kind, name }: WantedRule, rules: readonly NativeRule[]): number {
  const inbound = rules.filter(({ properties }) => properties?.direction === "Inbound")
  const priority = priorityOf(uid, kind, new Set(inbound.map(({ properties }) => properties?.priority ?? 0)))
  if (priority !== undefined) return priority
  const message =
    "every priority that it may have is taken in the shared security group; remove rules of clusters that have ended (muster sweep), or give subnetId"
  throw new RejectedError(`making security rule ${name}: ${message}`, { code: "NoPriority" })
}

function propertiesOf(
  owner: Owner,
  { kind, from, sourceGroup, group }: WantedRule,
  before: readonly string[],
  priority: number,
): RuleProperties {
  return {
    description: descriptionOf(owner),
    protocol: kind === "ssh" ? "Tcp" : "*",
    sourcePortRange: "*",
    ...(kind === "ssh" ? { sourceAddressPrefixes: united([...before, ...from]) } : {}),
    ...(kind === "rest" ? { sourceAddressPrefix: "*" } : {}),
    ...(sourceGroup === undefined ? {} : { sourceApplicationSecurityGroups: [{ id: sourceGroup }] }),
    destinationApplicationSecurityGroups: [{ id: group }],
    destinationPortRange: kind === "ssh" ? "22" : "*",
    access: kind === "rest" ? "Deny" : "Allow",
    priority,
    direction: "Inbound",
  }
}

/** "A description for this rule. Restricted to 140 chars." ("Security Rules - Create Or Update"). */
const DESCRIPTION_CHARACTERS = 140

/** Rules have no tags. What comes first is what a sweep needs; what has no room is in the tags of the rule's group. */
export function descriptionOf({ cluster, uid, owner, deadline }: Owner): string {
  const words = [
    [TAG.uid, uid],
    [TAG.deadline, deadline],
    [TAG.cluster, cluster],
    [TAG.owner, owner],
  ]
  let text = ""
  for (const [key, value] of words) {
    const longer = `${text}${text === "" ? "" : " "}${key}=${value}`
    if (longer.length <= DESCRIPTION_CHARACTERS) text = longer
  }
  return text
}

/** The same, as tags. */
export function describedTags(description: string): Readonly<Record<string, string>> {
  const words = description.split(" ").map((word) => /^(muster-[a-z]+)=(.*)$/.exec(word))
  return Object.fromEntries(words.flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""]])))
}
