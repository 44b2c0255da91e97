/** What the network provider refuses of a security rule ("Security Rules - Create Or Update", "Azure subscription limits"). */
import { canonicalRange, isInRange } from "../../../../src/input/ranges.js"
import { Refusal } from "../client/refusals.js"
import type { State } from "../world/state.js"
import { keyIn, missingReference } from "./conditions.js"

export const DOORS = "applicationSecurityGroups"
export const DOOR_TYPE = "Microsoft.Network/applicationSecurityGroups"

export interface Reference {
  readonly id?: string
}

export interface RestRule {
  readonly name?: string
  readonly properties?: {
    readonly description?: string
    readonly protocol?: string
    readonly sourcePortRange?: string
    readonly sourceAddressPrefix?: string
    readonly sourceAddressPrefixes?: readonly string[]
    readonly sourceApplicationSecurityGroups?: readonly Reference[]
    readonly destinationAddressPrefix?: string
    readonly destinationAddressPrefixes?: readonly string[]
    readonly destinationApplicationSecurityGroups?: readonly Reference[]
    readonly destinationPortRange?: string
    readonly destinationPortRanges?: readonly string[]
    readonly access?: string
    readonly priority?: number
    readonly direction?: string
  }
}

type Properties = NonNullable<RestRule["properties"]>

/** "The name can be up to 80 characters long. It must begin with a word character" ("Network security groups"). */
const NAME = /^\w(?:[\w.-]{0,78}\w)?$/

/** @param others the rules that are there, this one aside. */
export function checkRule(state: State, name: string, properties: Properties, others: readonly RestRule[]): void {
  const { priority = 0, direction = "", access = "", protocol = "", description = "" } = properties
  if (!NAME.test(name)) throw invalid("InvalidResourceName", `Resource name ${name} is invalid.`)
  if (description.length > 140)
    throw invalid("SecurityRuleInvalidDescription", "The description has more than 140 characters.")
  if (!Number.isInteger(priority) || priority < 100 || priority > 4096)
    throw invalid(
      "SecurityRuleInvalidPriority",
      `Security rule ${name} has an invalid Priority. Value provided: ${priority} Allowed range 100-4096.`,
    )
  if (
    !/^(Inbound|Outbound)$/.test(direction) ||
    !/^(Allow|Deny)$/.test(access) ||
    !/^(Tcp|Udp|Icmp|Esp|Ah|\*)$/.test(protocol)
  )
    throw invalid("InvalidRequestFormat", "Cannot parse the request.")
  checkSides(state, properties)
  const rival = others.find((one) => one.properties?.priority === priority && one.properties.direction === direction)
  if (rival !== undefined) {
    const message = `Security rule ${rival.name ?? ""} conflicts with rule ${name}. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.`
    throw invalid("SecurityRuleConflict", message)
  }
  checkLimits(properties, others)
}

function checkSides(state: State, properties: Properties): void {
  const sides = [
    [properties.sourceAddressPrefix, properties.sourceAddressPrefixes, properties.sourceApplicationSecurityGroups],
    [
      properties.destinationAddressPrefix,
      properties.destinationAddressPrefixes,
      properties.destinationApplicationSecurityGroups,
    ],
  ] as const
  for (const [prefix, prefixes = [], groups = []] of sides) {
    const ways = [prefix !== undefined, prefixes.length > 0, groups.length > 0].filter(Boolean).length
    if (ways !== 1)
      throw invalid("InvalidRequestFormat", "A security rule has one of addresses and groups at each side.")
    if (groups.length > 1) {
      const message = `A security rule may have up to 1 Application Security Group in the source or destination fields. The requested configuration has ${groups.length}.`
      throw invalid("NumberOfApplicationSecurityGroupsReferencedInSecurityRuleLimitReached", message)
    }
    checkPrefixes(prefixes)
    for (const { id = "" } of groups) checkDoor(state, id)
  }
  if (properties.sourcePortRange === undefined) throw invalid("InvalidRequestFormat", "sourcePortRange is missing.")
  if ((properties.destinationPortRange === undefined) === (properties.destinationPortRanges === undefined))
    throw invalid("InvalidRequestFormat", "destinationPortRange is missing.")
}

/** Words such as VirtualNetwork stand alone, and what is in a list may not overlap. */
function checkPrefixes(prefixes: readonly string[]): void {
  for (const prefix of prefixes) {
    if (!/^[\d.]+\/\d+$|:.*\/\d+$/.test(prefix) || canonicalRange(prefix) !== prefix)
      throw invalid(
        "SecurityRuleInvalidAddressPrefix",
        `Security rule has invalid Address prefix. Value provided: ${prefix}`,
      )
    const [address = ""] = prefix.split("/")
    const other = prefixes.find((one) => one !== prefix && isInRange(address, one))
    if (other !== undefined || prefixes.indexOf(prefix) !== prefixes.lastIndexOf(prefix))
      throw invalid(
        "OverlappingSubnetsNotPermittedInSecurityRule",
        `Security rule parameter SourceAddressPrefixes has overlapping subnets: ${prefix}, ${other ?? prefix}.`,
      )
  }
}

/** @throws Refusal when there is no such application security group. */
export function checkDoor(state: State, id: string): void {
  if (state.world.resources.get(DOORS, keyIn(id, DOOR_TYPE)) === undefined) throw missingReference(id)
}

/** "Azure subscription limits": 1,000 rules, and 100 application security groups in all of them. What the codes are is not documented (azure.rule-limits). */
function checkLimits(properties: Properties, others: readonly RestRule[]): void {
  if (others.length >= 1000)
    throw invalid("MaxSecurityRulesPerNetworkSecurityGroupReached", "The limit of 1000 security rules is reached.")
  const named = [...others.map((one) => one.properties ?? {}), properties].flatMap(
    ({ sourceApplicationSecurityGroups = [], destinationApplicationSecurityGroups = [] }) => [
      ...sourceApplicationSecurityGroups,
      ...destinationApplicationSecurityGroups,
    ],
  )
  if (new Set(named.map(({ id = "" }) => id.toLowerCase())).size > 100)
    throw invalid(
      "MaxApplicationSecurityGroupsPerNetworkSecurityGroupReached",
      "The limit of 100 application security groups is reached.",
    )
}

function invalid(code: string, message: string): Refusal {
  return new Refusal(400, code, message)
}
