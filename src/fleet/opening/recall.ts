/** Recall: what the user asked of a group travels with its instances, so that attaching by name alone can launch more. */
import { createHash } from "node:crypto"
import { createCalls } from "../../calls/send.js"
import type { GroupSpecText, Instance, Json, Provider } from "../../provider.js"
import { groupOf, type ResolvedGroup, type WorkerFields } from "../../spec.js"
import type { Found } from "./survey.js"
import { reportTo } from "../reported.js"
import type { Asking } from "./asking.js"
import { generationOf, TAG } from "../tags.js"

/** The only layout so far; a text of another one is not understood, and its group known from tags alone. */
const LAYOUT = 1
const DIGEST_DIGITS = 16

/** What a group's instances keep of its spec. */
export interface Recalled {
  readonly group: ResolvedGroup
  readonly leaseMs: number | undefined
}

/** The group's spec as canonical JSON, and the digest that goes into its instances' tags. */
export function keptSpec({ asked }: ResolvedGroup, leaseMs: number | undefined): GroupSpecText {
  const kept = { layout: LAYOUT, asked: asked as Json, ...(leaseMs === undefined ? {} : { leaseMs }) }
  const text = JSON.stringify(sorted(kept))
  return { text, digest: createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS) }
}

/** Equal specs are equal texts, in whatever order they were written. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => sorted(item))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item as Json)]))
}

/** Undefined when it is no text of `keptSpec`, or of a version that this one does not know. */
export function readKept(name: string, text: string): Recalled | undefined {
  try {
    const kept = JSON.parse(text) as { layout: unknown; asked: WorkerFields; leaseMs?: unknown }
    if (kept.layout !== LAYOUT) return undefined
    const leaseMs = typeof kept.leaseMs === "number" ? kept.leaseMs : undefined
    return { group: groupOf(name, kept.asked), leaseMs }
  } catch {
    // Cut short, or with options of a newer version: as good as not kept.
    return undefined
  }
}

/** The specs of the groups of what was found, by the name of the group, from one instance of each. */
export async function recallGroups(
  found: Found,
  names: readonly string[],
  asking: Asking,
): Promise<ReadonlyMap<string, Recalled>> {
  const recalled = await Promise.all(
    names.map(async (name): Promise<readonly (readonly [string, Recalled])[]> => {
      const one = newestOf(found, name)
      const kept = one === undefined ? undefined : await recallOne(one.provider, one.instance, name, asking)
      return kept === undefined ? [] : [[name, kept]]
    }),
  )
  return new Map(recalled.flat())
}

async function recallOne(
  provider: Provider,
  instance: Instance,
  name: string,
  { clock, signal, emit }: Asking,
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
