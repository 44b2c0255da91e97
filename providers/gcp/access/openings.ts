/** What lets ssh in to instances, as their network's firewall rules say it. Pure. */
import { lastPart, type NativeFirewall } from "../client/native.js"
import type { Opening } from "../../../src/provider.js"

/** What rules look at of an instance. */
export interface Target {
  readonly network: string
  readonly tags: readonly string[]
  readonly accounts: readonly string[]
}

/** "VPC firewall rules", priority: a rule without one has 1000. */
const USUAL_PRIORITY = 1000

/**
 * The rules that let somebody in to this port of at least one of them. Those behind a denial for everybody do not. A denial for some
 * is not counted: what is named may let in fewer than it says, and never more.
 *
 * @param own the tag by which the cluster's workers reach each other: no opening.
 */
export function openingsOf(
  rules: readonly NativeFirewall[],
  targets: readonly Target[],
  port: number,
  own: ReadonlySet<string>,
): readonly Opening[] {
  const open = new Map<string, Opening>()
  const distinct = new Map(targets.map((target) => [JSON.stringify(target), target]))
  for (const target of distinct.values())
    for (const rule of openTo(rules, target, port)) {
      const from = sourcesOf(rule, own)
      if (from.length > 0) open.set(rule.name ?? "", { rule: rule.name ?? "", from })
    }
  return [...open.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1))
}

function openTo(rules: readonly NativeFirewall[], target: Target, port: number): readonly NativeFirewall[] {
  const order = (rule: NativeFirewall) => (rule.priority ?? USUAL_PRIORITY) * 2 + (isDenial(rule) ? 0 : 1)
  const tried = rules.filter((rule) => isFor(rule, target) && isAbout(rule, port)).sort((a, b) => order(a) - order(b))
  const closed = tried.findIndex((rule) => isDenial(rule) && rule.sourceRanges?.includes("0.0.0.0/0") === true)
  return tried.slice(0, closed < 0 ? tried.length : closed).filter((rule) => !isDenial(rule))
}

function isDenial({ denied = [] }: NativeFirewall): boolean {
  return denied.length > 0
}

/** Without targets a rule is for everything in its network. */
function isFor(rule: NativeFirewall, { network, tags, accounts }: Target): boolean {
  const { direction = "INGRESS", disabled = false, targetTags = [], targetServiceAccounts = [] } = rule
  if (disabled || direction !== "INGRESS" || lastPart(rule.network) !== lastPart(network)) return false
  if (targetTags.length + targetServiceAccounts.length === 0) return true
  return targetTags.some((tag) => tags.includes(tag)) || targetServiceAccounts.some((one) => accounts.includes(one))
}

/** IANA's number of tcp stands for its name. */
const TCP: ReadonlySet<string> = new Set(["tcp", "6", "all"])

function isAbout({ allowed = [], denied = [] }: NativeFirewall, port: number): boolean {
  return [...allowed, ...denied].some(({ IPProtocol = "", ports = [] }) => {
    return TCP.has(IPProtocol) && (ports.length === 0 || ports.some((range) => isIn(range, port)))
  })
}

function isIn(range: string, port: number): boolean {
  const [first = "", last = first] = range.split("-")
  return Number(first) <= port && port <= Number(last)
}

function sourcesOf(rule: NativeFirewall, own: ReadonlySet<string>): readonly string[] {
  const { sourceRanges = [], sourceTags = [], sourceServiceAccounts = [] } = rule
  return [
    ...sourceRanges,
    ...sourceTags.filter((tag) => !own.has(tag)).map((tag) => `tag ${tag}`),
    ...sourceServiceAccounts.map((account) => `account ${account}`),
  ]
}
