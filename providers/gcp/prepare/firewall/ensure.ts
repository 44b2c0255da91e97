/** Ensures that firewall rules are there: makes what is missing, and changes what is other than it should be. */
import { isDeepStrictEqual } from "node:util"
import { MusterError, RejectedError, SpecError, TransientError } from "../../../../src/errors.js"
import { generationOf, isOurs, TAG } from "../../../../src/fleet/tags.js"
import type { Calls, JsonObject, Owner } from "../../../../src/provider.js"
import { EXISTS } from "../../client/errors.js"
import type { NativeFirewall } from "../../client/native.js"
import { type FirewallContext, insertRule, patchRule, readRule, readRules } from "./requests.js"
import { isDenial, ownRuleOf, type Rule } from "./rules.js"

/** Documents and quota pages differ (256, 5,000): what passes the smaller one passes both. */
export const MOST_RANGES = 256

/** Other processes may change the same rule at once, and the last one wins: what is missing then is added once more. */
const TRIES = 3

/**
 * What closes is made before what opens: whatever happens in between, nobody is let in whom nobody asked for. Ranges that a rule has
 * already stay. All that is there already costs one request.
 *
 * @returns the rules as they are now.
 * @throws RejectedError where a rule of such a name is not this cluster's.
 */
export async function ensureRules(
  context: FirewallContext,
  owner: Owner,
  rules: readonly Rule[],
  calls: Calls,
): Promise<readonly NativeFirewall[]> {
  const known = new Map((await readRules(context, calls)).map((rule) => [rule.name ?? "", rule]))
  const ensured: NativeFirewall[] = []
  for (const stage of [rules.filter(isDenial), rules.filter((rule) => !isDenial(rule))]) {
    const made = stage.map((rule) => ensure(context, owner, { rule, found: known.get(rule.name) }, calls))
    ensured.push(...(await Promise.all(made)))
  }
  return ensured
}

interface Wanted {
  readonly rule: Rule
  readonly found: NativeFirewall | undefined
}

async function ensure(
  context: FirewallContext,
  owner: Owner,
  { rule, found: first }: Wanted,
  calls: Calls,
): Promise<NativeFirewall> {
  let found = first
  for (let tries = 0; tries <= TRIES; tries += 1) {
    if (found === undefined) {
      if (await insert(context, rule, calls)) return rule
    } else {
      checkOwner(found, owner, rule)
      const changes = changesFor(found, rule)
      if (Object.keys(changes).length === 0) return found
      if (tries < TRIES) await patchRule(context, rule.name, changes, calls)
    }
    found = await readRule(context, rule.name, calls)
  }
  throw new TransientError(`making firewall rule ${rule.name}: others change it at the same time`)
}

/** False where there is one of that name by now: another process of the cluster may have made it, or an answer was lost. */
async function insert(context: FirewallContext, rule: Rule, calls: Calls): Promise<boolean> {
  try {
    await insertRule(context, rule, calls)
    return true
  } catch (error) {
    if (error instanceof MusterError && error.code === EXISTS) return false
    throw error
  }
}

function checkOwner(found: NativeFirewall, owner: Owner, { name, network }: Rule): void {
  const isOwn = isOurs(ownRuleOf(found)?.tags ?? {}, owner)
  if (isOwn && (found.network ?? "").endsWith(`/${network.replace(/^projects\/[^/]+\//, "")}`)) return
  const message = `making firewall rule ${name}: one of that name is there, and not this cluster's; delete it, or give the cluster another name`
  throw new RejectedError(message, { code: EXISTS })
}

/** What keeps a rule from being what is wanted; the description only where it tells of an earlier generation. */
function changesFor(found: NativeFirewall, rule: Rule): JsonObject {
  const { name: _name, network: _network, direction: _direction, description, sourceRanges, ...words } = rule
  const other = Object.entries(words).filter(
    ([key, value]) => !isDeepStrictEqual(found[key as keyof NativeFirewall], value),
  )
  const ranges = union(found.sourceRanges ?? [], sourceRanges ?? [])
  return {
    ...(Object.fromEntries(other) as JsonObject),
    ...(sourceRanges === undefined || ranges.length === found.sourceRanges?.length ? {} : { sourceRanges: ranges }),
    ...(found.disabled === true ? { disabled: false } : {}),
    ...(isLater(rule, found) ? { description } : {}),
  }
}

function isLater(rule: Rule, found: NativeFirewall): boolean {
  const [wanted, there] = [rule, found].map((one) => ownRuleOf(one)?.tags ?? {})
  const [a, b] = [generationOf(wanted ?? {}), generationOf(there ?? {})]
  return a > b || (a === b && wanted?.[TAG.deadline] !== there?.[TAG.deadline])
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
  const all = [...new Set([...before, ...more])]
  if (all.length <= MOST_RANGES) return all
  const message = `${all.length} ranges are too many for a firewall rule of Compute Engine, ${before.length} of them from before; give at most ${MOST_RANGES}, wider ones instead of many`
  throw new SpecError([{ option: "cluster.access.from", message }])
}
