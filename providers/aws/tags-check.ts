/** Checks the tags that users give, of the provider and of one group, by the rules of EC2. Pure. */
import type { GroupRequest } from "../../src/provider.js"
import type { SpecProblem } from "../../src/errors.js"
import { TAG_PREFIX } from "../../src/fleet/tags.js"

export type Tags = Readonly<Record<string, string>>

/** "Tag restrictions" (EC2 User Guide): 50 a resource, of which nine are Muster's own. */
const OUR_TAGS = 9

const MAX_TAGS = 50 - OUR_TAGS

/** "Although EC2 allows for any character in its tags", a line break or a NUL in a key is nobody's wish. */
const CONTROL = /\p{Cc}/u

/** "Enable access to tags in instance metadata": what keys may have then, and what they may not be. */
const METADATA_KEY = /^[\w+\-=.,:@]{1,128}$/

const NOT_A_KEY = [".", "..", "_index"]

/** What is wrong with `aws({ tags })`; what is no object is for the schema to say. */
export function ownTagProblems(tags: unknown): readonly SpecProblem[] {
  if (typeof tags !== "object" || tags === null) return []
  const texts = Object.entries(tags).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return [...problemsIn(texts, "aws.tags"), ...countProblems(Object.keys(tags).length, "aws.tags", "tags")]
}

/** What is wrong with a group's tags, alone and beside the provider's. */
export function tagProblems({ name, tags, leaseSeconds }: GroupRequest, own: Tags = {}): readonly SpecProblem[] {
  const option = `groups.${name}.tags`
  const what = Object.keys(own).length === 0 ? "tags" : "tags with those of aws.tags"
  const hidden = leaseSeconds === undefined ? [] : Object.keys({ ...own, ...tags }).filter((key) => !isInMetadata(key))
  return [
    ...problemsIn(Object.entries(tags), option),
    ...countProblems(Object.keys({ ...own, ...tags }).length, option, what),
    ...hidden.map((key) => ({
      option: key in tags ? `${option}.${key}` : `aws.tags.${key}`,
      message: `has a key that instance metadata cannot show, by which a lease is kept; use letters, digits and + - = . , _ : @, or leave the lease out`,
    })),
  ]
}

function problemsIn(entries: readonly (readonly [string, string])[], option: string): readonly SpecProblem[] {
  return entries.flatMap(([key, value]) => {
    const message = problemOf(key, value)
    return message === undefined ? [] : [{ option: `${option}.${key}`, value, message }]
  })
}

function problemOf(key: string, value: string): string | undefined {
  if (key.startsWith(TAG_PREFIX)) return `begins with ${TAG_PREFIX}, which is kept for Muster's own tags; rename it`
  if (key.toLowerCase().startsWith("aws:")) return 'begins with "aws:", which AWS keeps for itself; rename it'
  if (key === "" || key.length > 128 || CONTROL.test(key)) {
    return "is no tag's key; EC2 takes 1 to 128 characters, none of them a line break or another control character"
  }
  return value.length > 256 ? `is ${value.length} characters long; EC2 takes 256` : undefined
}

function countProblems(count: number, option: string, what: string): readonly SpecProblem[] {
  if (count <= MAX_TAGS) return []
  return [{ option, message: `has ${count} ${what}; EC2 takes 50, of which Muster needs ${OUR_TAGS}` }]
}

/** Whether instance metadata can show tags with all of these keys; EC2 refuses a launch that is to show others. */
export function areInMetadata(tags: Tags): boolean {
  return Object.keys(tags).every(isInMetadata)
}

function isInMetadata(key: string): boolean {
  return METADATA_KEY.test(key) && !NOT_A_KEY.includes(key)
}
