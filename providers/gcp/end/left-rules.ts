/** Firewall rules that Muster made, as leftovers: they go with their cluster, after its instances. */
import { AuthError } from "../../../src/errors.js"
import { tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import { canMatch } from "../observe/labelled.js"
import { type FirewallContext, readRules } from "../prepare/firewall/requests.js"
import { ownRuleOf } from "../prepare/firewall/rules.js"

export const RULE_KIND = "firewall rule"

/**
 * Those of the region. Rules belong to no region, but those of a cluster are made for one: where the cluster's instances of another
 * region live on, theirs stay. Without the right to read rules there are none to report: who may not read them has made none.
 */
export async function leftRules(
  context: FirewallContext,
  selector: Selector,
  calls: Calls,
): Promise<readonly Leftover[]> {
  if (!canMatch(selector)) return []
  const rules = await readRules(context, calls).catch((error: unknown) => {
    if (error instanceof AuthError) return []
    throw error
  })
  return rules.flatMap((rule) => {
    const { name = "" } = rule
    const own = ownRuleOf(rule)
    if (own?.region !== context.region || !tagsMatch(own.tags, selector)) return []
    if (selector.ids !== undefined && !selector.ids.includes(name)) return []
    return [{ kind: RULE_KIND, id: name, region: context.region, tags: own.tags, shared: false }]
  })
}
