/** Several sets of tags as one. */
import type { Tags } from "../../../src/tables/tag-rules.js"

/** The later ones go before the earlier ones: names have no case ("Tag names are case-insensitive for operations"). */
export function merged(...sets: readonly Tags[]): Tags {
  const byName = new Map<string, readonly [string, string]>()
  for (const [key, value] of sets.flatMap((tags) => Object.entries(tags))) byName.set(key.toLowerCase(), [key, value])
  return Object.fromEntries(byName.values())
}
