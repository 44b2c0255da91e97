/** What is wrong with tags, or labels, that a user gives: for all that a provider makes, and for the workers of one group. Pure. */
import type { SpecProblem } from "../errors.js"
import { CONTAINER_TAG, TAG_PREFIX } from "../fleet/tags.js"
import type { GroupRequest } from "../provider.js"

export type Tags = Readonly<Record<string, string>>

/** What one cloud accepts. */
export interface TagRules {
  /** The provider's own tags as the user knows them: "aws.tags". */
  readonly option: string
  /** What that option holds: "tags" or "labels". */
  readonly noun: string
  /** "EC2 takes 50" */
  readonly takes: string
  /** How many tags one resource may have. */
  readonly most: number
  /** How many of them are Muster's own. */
  readonly ours: number
  /** Why keys that differ only in case are the same to this cloud; left out where they are not. */
  readonly caseless?: string
  /** What is wrong with one tag; undefined where nothing is. */
  readonly problemOf: (key: string, value: string) => string | undefined
}

/** What is wrong with the provider's own tags. What is no object is left for the schema to say. */
export function ownTagProblems(tags: unknown, rules: TagRules): readonly SpecProblem[] {
  if (typeof tags !== "object" || tags === null) return []
  const { option, noun } = rules
  const texts = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return [...countProblems(Object.keys(tags).length, option, noun, rules), ...problemsIn(texts, option, rules)]
}

/** What is wrong with a group's tags, alone and beside the provider's own. */
export function groupTagProblems(
  { name, tags }: Pick<GroupRequest, "name" | "tags">,
  own: Tags,
  rules: TagRules,
): readonly SpecProblem[] {
  const option = `groups.${name}.tags`
  const what = Object.keys(own).length === 0 ? "tags" : `tags with those of ${rules.option}`
  const names = new Set(Object.keys(tags).map((key) => spelt(key, rules)))
  const beside = Object.keys(own).filter((key) => !names.has(spelt(key, rules)))
  const count = Object.keys(tags).length + beside.length
  // One of Muster's may be among them, and counts.
  const users = Object.entries(tags).filter(([key]) => !Object.hasOwn(CONTAINER_TAG, key))
  return [...countProblems(count, option, what, rules), ...problemsIn(users, option, rules)]
}

function spelt(key: string, { caseless }: TagRules): string {
  return caseless === undefined ? key : key.toLowerCase()
}

function countProblems(count: number, option: string, what: string, rules: TagRules): readonly SpecProblem[] {
  const { takes, most, ours } = rules
  if (count <= most - ours) return []
  return [{ option, message: `has ${count} ${what}; ${takes}, of which Muster needs ${ours}` }]
}

function problemsIn(
  entries: readonly (readonly [string, string])[],
  option: string,
  rules: TagRules,
): readonly SpecProblem[] {
  const first = new Map(entries.map(([key]) => [spelt(key, rules), key] as const).reverse())
  return entries.flatMap(([key, value]) => {
    const same = first.get(spelt(key, rules)) ?? key
    const message = same === key ? tagProblem(key, value, rules) : `is the same as "${same}": ${rules.caseless}`
    return message === undefined ? [] : [{ option: `${option}.${key}`, value, message }]
  })
}

function tagProblem(key: string, value: string, rules: TagRules): string | undefined {
  if (spelt(key, rules).startsWith(TAG_PREFIX))
    return `begins with ${TAG_PREFIX}, which is kept for Muster's own tags; rename it`
  return rules.problemOf(key, value)
}
