/** Kept spec: what the user asked of a group, as the text that travels with its instances. */
import type { KeptEngine, ResolvedGroup } from "../../spec/resolved.js"
import type { GroupSpecText, Json } from "../../provider.js"
import { createHash } from "node:crypto"
import { keptHeadLife } from "../../spec/engine/head-life.js"
import { groupOf, type WorkerFields } from "../../spec.js"

/** The only layout so far; a text of another one is not understood, and its group known from tags alone. */
const LAYOUT = 1

const DIGEST_DIGITS = 16

/** What a group's instances keep of its spec. */
export interface Recalled {
  readonly group: ResolvedGroup
  readonly leaseMs: number | undefined
}

/** The group's spec as canonical JSON, and the digest that goes into its instances' tags. */
export function keptSpec({ asked, engine }: ResolvedGroup, leaseMs: number | undefined): GroupSpecText {
  const kept = {
    layout: LAYOUT,
    asked: asked as Json,
    ...(leaseMs === undefined ? {} : { leaseMs }),
    ...(engine === undefined ? {} : { engine: { name: engine.name, recipe: engine.recipe, ...keptHeadLife(engine) } }),
  }
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
    const kept = JSON.parse(text) as { layout: unknown; asked: WorkerFields; leaseMs?: unknown; engine?: KeptEngine }
    if (kept.layout !== LAYOUT) return undefined
    const leaseMs = typeof kept.leaseMs === "number" ? kept.leaseMs : undefined
    return { group: { ...groupOf(name, kept.asked), engine: kept.engine }, leaseMs }
  } catch {
    // Cut short, or with options of a newer version: as good as not kept.
    return undefined
  }
}
