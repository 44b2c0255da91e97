/** What a firewall rule may be, checked as Compute Engine checks it ("Firewall", "VPC firewall rules"). */
import { isIPv4, isIPv6 } from "node:net"
import { canonicalRange } from "../../../../src/input/ranges.js"
import type { JsonObject } from "../../../../src/provider.js"
import { invalid, Refusal } from "../client/refusals.js"

export interface Traffic {
  readonly IPProtocol?: string
  readonly ports?: readonly string[]
}

/** The parts that are looked at. */
export interface Rule extends JsonObject {
  readonly name: string
  readonly network: string
  readonly direction: string
  readonly priority: number
  readonly disabled: boolean
  readonly sourceRanges?: readonly string[]
  readonly sourceTags?: readonly string[]
  readonly targetTags?: readonly string[]
  readonly sourceServiceAccounts?: readonly string[]
  readonly targetServiceAccounts?: readonly string[]
  readonly allowed?: readonly (Traffic & JsonObject)[]
  readonly denied?: readonly (Traffic & JsonObject)[]
}

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const PROTOCOL = /^(tcp|udp|icmp|esp|ah|sctp|ipip|all|\d{1,3})$/
const PORTS = /^\d{1,5}(-\d{1,5})?$/
/** Documents say 256 and quota pages more: the smaller one is kept here. */
const MOST_RANGES = 256

/** @throws Refusal for the first thing that is wrong with it. */
export function checkRule(rule: Rule): void {
  if (!NAME.test(rule.name)) throw at("name", rule.name, `Must be a match of regex '${NAME.source}'`)
  if (!(rule.priority >= 0 && rule.priority <= 65_535)) throw at("priority", rule.priority, "Must be 0 to 65535.")
  const actions = [rule.allowed ?? [], rule.denied ?? []].filter((list) => list.length > 0)
  if (actions.length !== 1)
    throw new Refusal(400, "invalid", "Exactly one of 'resource.allowed' and 'resource.denied' must be specified.")
  for (const traffic of actions.flat()) checkTraffic(traffic)
  checkRanges(rule.sourceRanges ?? [])
  checkTags("resource.targetTags", rule.targetTags ?? [])
  checkTags("resource.sourceTags", rule.sourceTags ?? [])
  if (rule.direction === "EGRESS" && (rule.sourceTags ?? []).length > 0)
    throw at("sourceTags", rule.sourceTags, "Egress rules have no sources.")
  // "cannot be used at the same time as sourceTags or targetTags"
  const hasTags = [rule.sourceTags, rule.targetTags].some((tags = []) => tags.length > 0)
  const hasAccounts = [rule.sourceServiceAccounts, rule.targetServiceAccounts].some((list = []) => list.length > 0)
  if (hasTags && hasAccounts)
    throw at("targetServiceAccounts", "", "Service accounts and tags cannot be used together.")
}

function checkTraffic({ IPProtocol = "", ports = [] }: Traffic): void {
  if (!PROTOCOL.test(IPProtocol)) throw at("allowed[0].IPProtocol", IPProtocol, "Unknown protocol.")
  const isWrong = ports.length > 0 && !/^(tcp|udp|sctp|6|17|132)$/.test(IPProtocol)
  const wrong = isWrong ? ports[0] : ports.find((port) => !PORTS.test(port))
  if (wrong !== undefined) throw at("allowed[0].ports", wrong, "Must be a port or a range of ports.")
}

/** "A firewall rule can contain either IPv4 or IPv6 ranges, but not both" ("Use VPC firewall rules"). */
function checkRanges(ranges: readonly string[]): void {
  if (ranges.length > MOST_RANGES) throw at("sourceRanges", ranges.length, `At most ${MOST_RANGES} ranges.`)
  for (const range of ranges) {
    const [address = "", bits = ""] = range.split("/")
    const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1
    if (!/^\d{1,3}$/.test(bits) || Number(bits) > most) throw at("sourceRanges", range, "Must be a valid CIDR.")
    if (canonicalRange(range) !== range) throw at("sourceRanges", range, "Must be a network address.")
  }
  if (new Set(ranges.map((range) => range.includes(":"))).size > 1)
    throw at("sourceRanges", ranges.join(), "IPv4 and IPv6 ranges cannot be in one rule.")
}

/** "Each tag must be 1-63 characters long, and comply with RFC1035" ("Tags"). */
export function checkTags(field: string, tags: readonly string[]): void {
  const wrong = tags.find((tag) => !NAME.test(tag))
  if (wrong !== undefined) throw invalid(field, wrong, `Must be a match of regex '${NAME.source}'`)
  if (tags.length > 64) throw invalid(field, tags.length, "At most 64 tags.")
}

function at(field: string, value: unknown, why: string): Refusal {
  return invalid(`resource.${field}`, value, why)
}
