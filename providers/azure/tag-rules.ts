/** What Azure accepts as tags, and which of them are Muster's own. */
import type { SpecProblem } from "../../src/errors.js"
import { TAG_PREFIX } from "../../src/fleet/tags.js"

export type Tags = Readonly<Record<string, string>>

/** "Use tags to organize your Azure resources": 50 a resource, of which eight are Muster's own, on VMs and on groups. */
const OUR_TAGS = 8

const MAX_TAGS = 50 - OUR_TAGS

const BAD_KEY = /[<>%&\\?/]/

/** What is wrong with `azure({ tags })`; what is no object is for the schema to say. */
export function ownTagProblems(tags: unknown): readonly SpecProblem[] {
  if (typeof tags !== "object" || tags === null) return []
  const texts = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return [
    ...problemsIn(Object.fromEntries(texts), "azure.tags"),
    ...countProblems(Object.keys(tags).length, "azure.tags", "tags"),
  ]
}

export function countProblems(count: number, option: string, what: string): readonly SpecProblem[] {
  if (count <= MAX_TAGS) return []
  return [{ option, message: `has ${count} ${what}; Azure takes 50, of which Muster needs ${OUR_TAGS}` }]
}

export function problemsIn(tags: Tags, option: string): readonly SpecProblem[] {
  const first = new Map(
    Object.keys(tags)
      .map((key) => [key.toLowerCase(), key] as const)
      .reverse(),
  )
  return Object.entries(tags).flatMap(([key, value]) => {
    const same = first.get(key.toLowerCase()) ?? key
    const message =
      same === key ? problemOf(key, value) : `is the same as "${same}": Azure's names of tags have no case`
    return message === undefined ? [] : [{ option: `${option}.${key}`, value, message }]
  })
}

function problemOf(key: string, value: string): string | undefined {
  if (key.toLowerCase().startsWith(TAG_PREFIX))
    return `begins with ${TAG_PREFIX}, which is kept for Muster's own tags; rename it`
  if (key === "" || key.length > 512 || BAD_KEY.test(key))
    return "is no tag's name; Azure takes up to 512 characters without < > % & \\ ? /"
  if (/^(microsoft|azure|windows)/i.test(key)) return "begins with a word that Azure keeps for itself; rename it"
  return value.length > 256 ? `is ${value.length} characters long; Azure takes 256` : undefined
}
