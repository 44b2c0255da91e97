/** Recall: what the user asked of a group travels with its instances, so that attaching by name alone can launch more. */
import { keptSpec, readKept, type Recalled } from "../state/kept-spec.js"
import { createCalls } from "../../calls/send.js"
import type { Instance, Provider } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import type { Found } from "../state/found.js"
import { reportTo } from "../state/reported.js"
import type { OpeningContext } from "./opening-calls.js"
import { generationOf, TAG } from "../tags.js"

/** The specs of the groups of what was found, by the name of the group, from one instance of each. */
export async function recallGroups(
  found: Found,
  names: readonly string[],
  context: OpeningContext,
): Promise<ReadonlyMap<string, Recalled>> {
  const recalled = await Promise.all(
    names.map(async (name): Promise<readonly (readonly [string, Recalled])[]> => {
      const one = newestOf(found, name)
      const kept = one === undefined ? undefined : await recallOne(one.provider, one.instance, name, context)
      return kept === undefined ? [] : [[name, kept]]
    }),
  )
  return new Map(recalled.flat())
}

async function recallOne(
  provider: Provider,
  instance: Instance,
  name: string,
  { clock, signal, emit }: OpeningContext,
): Promise<Recalled | undefined> {
  try {
    const { limits } = provider
    const calls = createCalls({ clock, limits, signal, readOnly: true, report: reportTo(emit, provider) })
    const text = await provider.recall?.(instance, calls)
    return text === undefined ? undefined : readKept(name, text)
  } catch {
    // Not readable by this principal, or gone a moment ago: the group is known from tags alone, and says so when scaled.
    return undefined
  }
}

/** Of the latest generation, whose spec counts. */
function newestOf(found: Found, group: string): Found["instances"][number] | undefined {
  const own = found.instances.filter(({ instance }) => (instance.tags[TAG.group] ?? "default") === group)
  const keeping = own.filter(({ provider }) => provider.recall !== undefined)
  const isLater = (a: Instance, b: Instance) =>
    generationOf(a.tags) - generationOf(b.tags) || a.launchedAt - b.launchedAt
  return keeping.sort((a, b) => isLater(b.instance, a.instance))[0]
}

/** Says when a given spec is not the one that the group's instances were made from; undefined when it is, or none tells. */
export function differenceNote(found: Found, group: ResolvedGroup, leaseMs: number | undefined): string | undefined {
  const { digest } = keptSpec(group, leaseMs)
  const others = found.instances.filter(({ instance: { tags } }) => {
    return (tags[TAG.group] ?? "default") === group.name && tags[TAG.spec] !== undefined && tags[TAG.spec] !== digest
  })
  if (others.length === 0) return undefined
  return `group ${group.name}: ${others.length} of its instances were made from another spec than the one given now; the one given counts for new ones, and those that run are not replaced`
}
