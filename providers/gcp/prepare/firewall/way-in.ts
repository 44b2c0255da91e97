/** The way in: what a group's `access` and `peers` come to: network tags, firewall rules, and what the user is told of them. */
import { AuthError, SpecError, type SpecProblem } from "../../../../src/errors.js"
import { canonicalRange } from "../../../../src/input/ranges.js"
import type { AccessRequest, Calls, GroupRequest, Owner } from "../../../../src/provider.js"
import type { Send } from "../../client/send.js"
import type { GcpOptions } from "../../options.js"
import { firewallProjectOf, networkPathOf } from "../network.js"
import { ensureRules, MOST_RANGES } from "./ensure.js"
import { type FirewallContext, shownProject } from "./requests.js"
import { peersRules, type Rule, type RulePlace, sshRules, tagOf } from "./rules.js"

export interface WayIn {
  /** For the request that makes instances. */
  readonly tags: readonly string[]
  readonly notes: readonly string[]
}

type Asked = Pick<GroupRequest, "access" | "peers">

/** What `peers` closes, a user may have opened. */
const PEERS_CLOSE =
  "peers closes every port of its workers to all others: a rule of yours that is to let others in needs a priority below 500"

/** An organisation's rules are not its members' to read, and a network's own may be in many places. */
const POLICIES = "firewall policies of the organisation or the network go before its rules, and are not looked at"

/**
 * Makes the rules that a group needs, unless `calls.readOnly`. In a shared VPC they are the host project's: where they may not be made
 * there, the instances have the tags all the same, and the user is told which rules are wanted.
 *
 * @throws AuthError where rules may not be made in the cluster's own project.
 */
export async function wayIn(send: Send, options: GcpOptions, owner: Owner, asked: Asked, calls: Calls): Promise<WayIn> {
  const { access, peers } = asked
  if (access === undefined && peers === undefined) return { tags: [], notes: [] }
  const place = await rulePlace(send, options, calls)
  const rules = [
    ...(access === undefined ? [] : sshRules(owner, place, ipv4Of(access.from))),
    ...(peers === undefined ? [] : peersRules(owner, place)),
  ]
  const tags = [
    ...(access === undefined ? [] : [tagOf(owner, "ssh")]),
    ...(peers === undefined ? [] : [tagOf(owner, "peers")]),
  ]
  const refused = calls.readOnly ? undefined : await refusedRules({ send, ...place }, owner, rules, calls)
  return {
    tags,
    notes: [
      ...(refused === undefined ? [] : [refused]),
      ...ipv6Notes(access),
      ...(peers === undefined ? [] : [PEERS_CLOSE]),
      POLICIES,
    ],
  }
}

/** What the user is told where the host project of a shared VPC refuses the rules. */
async function refusedRules(
  context: FirewallContext,
  owner: Owner,
  rules: readonly Rule[],
  calls: Calls,
): Promise<string | undefined> {
  try {
    await ensureRules(context, owner, rules, calls)
    return undefined
  } catch (error) {
    if (!(error instanceof AuthError) || context.project === undefined) throw error
    const wanted = rules.map(wordsOf).join("; ")
    return `firewall rules of ${shownProject(context)} are not made here (${error.message}): nothing is opened or closed by Muster. Have there: ${wanted}`
  }
}

/** "allow tcp:22 to tag muster-… from 192.0.2.7/32 (priority 500)" */
function wordsOf({ targetTags, sourceRanges, sourceTags, priority, denied, allowed }: Rule): string {
  const verb = denied === undefined ? "allow" : "deny"
  const [traffic] = (denied ?? allowed) as readonly {
    readonly IPProtocol: string
    readonly ports?: readonly string[]
  }[]
  const what = [traffic?.IPProtocol, ...(traffic?.ports ?? [])].join(":")
  const from = sourceRanges?.join(", ") ?? `tag ${sourceTags?.join(", ")}`
  return `${verb} ${what} to tag ${targetTags.join(", ")} from ${from} (priority ${priority})`
}

/** Where the rules of the options' network are. */
export async function rulePlace(send: Send, options: GcpOptions, calls: Calls): Promise<RulePlace> {
  const network = await networkPathOf(send, options, calls)
  return { region: options.region, network, ...firewallProjectOf(options) }
}

/**
 * Instances get IPv4 addresses only: "if not specified, IPV4_ONLY is used" ("NetworkInterface", `stackType`). "A firewall rule can
 * contain either IPv4 or IPv6 ranges, but not both" ("Use VPC firewall rules").
 */
export function accessProblems(access: AccessRequest | undefined): readonly SpecProblem[] {
  if (access === undefined) return []
  const { from } = access
  const option = "cluster.access.from"
  if (ipv4Of(from).length === 0) {
    const message = "has no IPv4 range, and instances on Compute Engine have IPv4 addresses only; add yours"
    return [{ option, value: from, message }]
  }
  if (ipv4Of(from).length <= MOST_RANGES) return []
  return [{ option, message: `has ${from.length} ranges; a firewall rule of Compute Engine takes ${MOST_RANGES}` }]
}

/** @throws SpecError with all that is wrong with it. */
export function checkAccess(access: AccessRequest): void {
  const problems = accessProblems(access)
  if (problems.length > 0) throw new SpecError(problems)
}

function ipv6Notes(access: AccessRequest | undefined): readonly string[] {
  const left = access?.from.filter((range) => range.includes(":")) ?? []
  if (left.length === 0) return []
  return [`nothing is opened to ${left.join(", ")}: instances on Compute Engine have IPv4 addresses only`]
}

/** The IPv4 ranges, each as Compute Engine shows it, and once. */
export function ipv4Of(from: readonly string[]): readonly string[] {
  const ranges = from.filter((range) => !range.includes(":"))
  return [...new Set(ranges.map(canonicalRange))].sort()
}
