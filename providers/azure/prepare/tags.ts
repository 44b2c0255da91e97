/** Tags that users give: for all that a provider makes (`azure({ tags })`), and for the workers of one group. */
import type { SpecProblem } from "../../../src/errors.js"
import type { GroupRequest } from "../../../src/provider.js"
import { countProblems, problemsIn, type Tags } from "../tag-rules.js"

/** What is wrong with a group's tags, alone and beside the provider's. */
export function tagProblems({ name, tags }: GroupRequest, own: Tags = {}): readonly SpecProblem[] {
  const option = `groups.${name}.tags`
  const what = Object.keys(own).length === 0 ? "tags" : "tags with those of azure.tags"
  const names = new Set(Object.keys(tags).map((key) => key.toLowerCase()))
  const beside = Object.keys(own).filter((key) => !names.has(key.toLowerCase())).length
  return [...countProblems(Object.keys(tags).length + beside, option, what), ...problemsIn(tags, option)]
}

/** The later ones go before the earlier ones: names have no case ("Tag names are case-insensitive for operations"). */
export function merged(...sets: readonly Tags[]): Tags {
  const byName = new Map<string, readonly [string, string]>()
  for (const [key, value] of sets.flatMap((tags) => Object.entries(tags))) byName.set(key.toLowerCase(), [key, value])
  return Object.fromEntries(byName.values())
}
