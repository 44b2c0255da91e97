/** What the rules of a security group let in, as far as they tell it. Pure. */
import type { Opening } from "../../../src/provider.js"
import { isIpv4, isWithin } from "./ranges.js"
import { type NativeRule, type RuleProperties, sourcesOf } from "./rules.js"

/** `unsure`: it depends on addresses that the rule names and that are not known here. */
export type Verdict = { readonly is: "open" | "closed" | "unsure"; readonly rule?: string }

/** How much of what is asked a rule is about. */
type Share = "all" | "part" | "none"

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]

/** @param rules with the group's default ones; the first by priority that fits decides ("Network security groups"). */
export function verdictOn(range: string, port: number, rules: readonly NativeRule[]): Verdict {
  const inbound = rules.filter(({ properties }) => properties?.direction === "Inbound")
  const sorted = [...inbound].sort((a, b) => (a.properties?.priority ?? 0) - (b.properties?.priority ?? 0))
  for (const { name, properties = {} } of sorted) {
    if (!isAboutPort(properties, port)) continue
    const share = least(sourceShare(properties, range), destinationShare(properties))
    const rule = name === undefined ? {} : { rule: name }
    if (share === "part") return { is: "unsure", ...rule }
    if (share === "all") return { is: properties.access === "Allow" ? "open" : "closed", ...rule }
  }
  return { is: "closed" }
}

function isAboutPort(rule: RuleProperties, port: number): boolean {
  const { protocol = "*", destinationPortRange, destinationPortRanges = [] } = rule
  const ranges =
    destinationPortRange === undefined || destinationPortRange === "" ? destinationPortRanges : [destinationPortRange]
  return /^(tcp|\*)$/i.test(protocol) && ranges.some((range) => hasPort(range, port))
}

function hasPort(range: string, port: number): boolean {
  if (range === "*") return true
  const [first = "", last = first] = range.split("-")
  return Number(first) <= port && port <= Number(last)
}

function least(...shares: readonly Share[]): Share {
  return shares.includes("none") ? "none" : shares.includes("part") ? "part" : "all"
}

function sourceShare(rule: RuleProperties, range: string): Share {
  const shares = sourcesOf(rule).map((source) => shareOf(source, range))
  return shares.includes("all") ? "all" : shares.includes("part") ? "part" : "none"
}

function shareOf(source: string, range: string): Share {
  const isPrivate = isIpv4(range) && PRIVATE.some((one) => isWithin(range, one))
  if (source === "*") return "all"
  if (/^internet$/i.test(source)) return isPrivate ? "none" : "all"
  // What belongs to a network, and to those that it is joined with, is not known here.
  if (/^virtualnetwork$/i.test(source)) return isPrivate ? "part" : "none"
  const prefix = /^[\d.]+$/.test(source) ? `${source}/32` : source
  if (!prefix.includes("/") || isIpv4(prefix) !== isIpv4(range)) return "none"
  if (isWithin(range, prefix)) return "all"
  return isWithin(prefix, range) ? "part" : "none"
}

/** A rule that names groups is about their members, of which our instances are none there. */
function destinationShare({ destinationAddressPrefix, destinationAddressPrefixes = [] }: RuleProperties): Share {
  const prefix = destinationAddressPrefix ?? ""
  if (["*", "virtualnetwork", "0.0.0.0/0"].includes(prefix.toLowerCase())) return "all"
  return prefix === "" && destinationAddressPrefixes.length === 0 ? "none" : "part"
}

/** The rules that let a port in to machines of no application security group, with their addresses. */
export function openingsIn(rules: readonly NativeRule[], port: number): readonly Opening[] {
  return rules.flatMap(({ name = "", properties = {} }) => {
    const isOpen = properties.direction === "Inbound" && properties.access === "Allow" && isAboutPort(properties, port)
    if (!isOpen || destinationShare(properties) === "none") return []
    const from = sourcesOf(properties).flatMap(addressesOf)
    return from.length === 0 ? [] : [{ rule: name, from }]
  })
}

/** Everybody's ranges for the words that mean them; other words of Azure's stand for no address range. */
export function addressesOf(source: string): readonly string[] {
  if (/^(\*|internet)$/i.test(source)) return ["0.0.0.0/0"]
  if (/^[\d.]+$/.test(source)) return [`${source}/32`]
  return source.includes("/") ? [source] : []
}
