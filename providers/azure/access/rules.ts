/** The rules of the shared security group: each is a resource of its own, so that nobody's rules are written with another's. */
import type { Calls } from "../../../src/provider.js"
import { itemsOf } from "../client/pages.js"
import { arm, type Azure } from "../client/send.js"
import { NETWORK } from "../client/versions.js"
import { securityGroupId } from "./names.js"

/** A reference to a resource. */
export interface Reference {
  readonly id?: string
}

export interface RuleProperties {
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
  readonly provisioningState?: string
}

export interface NativeRule {
  readonly id?: string
  readonly name?: string
  readonly etag?: string
  readonly properties?: RuleProperties
}

/** All of them; none where the group is not made yet. `waits`: asked again and again, which is paced. */
export function listRules(azure: Azure, calls: Calls, waits = false): Promise<readonly NativeRule[]> {
  const path = `${securityGroupId(azure)}/securityRules?api-version=${NETWORK}`
  const what = "listing the rules of the shared security group"
  return itemsOf<NativeRule>(azure, calls, waits ? "SecurityRules_Wait" : "SecurityRules_List", path, {
    what,
    accepts: [404],
  })
}

export async function deleteRule(azure: Azure, name: string, calls: Calls): Promise<void> {
  const path = `${securityGroupId(azure)}/securityRules/${encodeURIComponent(name)}?api-version=${NETWORK}`
  const info = { what: `deleting security rule ${name}`, accepts: [404] }
  await arm(azure, calls, "SecurityRules_Delete", { method: "DELETE", path }, info)
}

/** A rule is changed and deleted within seconds. What takes longer is asked for again by who needs it. */
const GONE_MS = 60_000

/** Until the rules are not listed any more: what they refer to cannot be deleted before. */
export async function untilGone(azure: Azure, names: readonly string[], calls: Calls): Promise<void> {
  const begunAt = calls.now()
  for (let waits = false; ; waits = true) {
    const rules = await listRules(azure, calls, waits)
    if (!rules.some(({ name = "" }) => names.includes(name.toLowerCase()))) return
    if (calls.now() - begunAt > GONE_MS) return
  }
}

/** The addresses that a rule names as its sources; none where it names groups. */
export function sourcesOf({ sourceAddressPrefix, sourceAddressPrefixes = [] }: RuleProperties): readonly string[] {
  return sourceAddressPrefix === undefined || sourceAddressPrefix === ""
    ? sourceAddressPrefixes
    : [sourceAddressPrefix, ...sourceAddressPrefixes]
}

export function refersTo(references: readonly Reference[] | undefined, id: string): boolean {
  return references?.some((reference) => reference.id?.toLowerCase() === id.toLowerCase()) ?? false
}
