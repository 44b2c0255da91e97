/** Labels that users give: for all of a provider's clusters (`gcp({ labels })`), and for one group (its tags). */
import type { SpecProblem } from "../../src/errors.js"
import { TAG_PREFIX } from "../../src/fleet/tags.js"
import type { GroupRequest } from "../../src/provider.js"

type Labels = Readonly<Record<string, string>>

/** "Each resource can have up to 64 labels" ("Labels", requirements), of which eight are Muster's own. */
const OUR_LABELS = 8
const MAX_LABELS = 64 - OUR_LABELS

/** "Keys have a minimum length of 1 character and a maximum length of 63", "international characters are allowed". */
const KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u
/** "Both are limited to 128 bytes" of UTF-8, which only letters outside of ASCII can pass. */
const MOST_BYTES = 128

/** What is wrong with `gcp({ labels })`; what is no object is for the schema to say. */
export function labelProblems(labels: unknown): readonly SpecProblem[] {
  if (typeof labels !== "object" || labels === null) return []
  const texts = Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  return [...problemsIn(texts, "gcp.labels"), ...countProblems(Object.keys(labels).length, "gcp.labels", "labels")]
}

/** What is wrong with a group's tags, alone and beside the provider's labels. */
export function tagProblems({ name, tags }: GroupRequest, labels: Labels = {}): readonly SpecProblem[] {
  const option = `groups.${name}.tags`
  const count = Object.keys(labelsOf({ tags }, labels)).length
  const what = Object.keys(labels).length === 0 ? "tags" : "tags with those of gcp.labels"
  return [...problemsIn(Object.entries(tags), option), ...countProblems(count, option, what)]
}

/** The group's tag goes before a label of the provider's with the same key; Muster's own go before both. */
export function labelsOf({ tags }: Pick<GroupRequest, "tags">, labels: Labels = {}): Labels {
  return { ...labels, ...tags }
}

function problemsIn(entries: readonly (readonly [string, string])[], option: string): readonly SpecProblem[] {
  return entries.flatMap(([key, value]) => {
    const message = problemOf(key, value)
    return message === undefined ? [] : [{ option: `${option}.${key}`, value, message }]
  })
}

function countProblems(count: number, option: string, what: string): readonly SpecProblem[] {
  if (count <= MAX_LABELS) return []
  return [
    { option, message: `has ${count} ${what}; Compute Engine takes 64 labels, of which Muster needs ${OUR_LABELS}` },
  ]
}

function problemOf(key: string, value: string): string | undefined {
  if (key.startsWith(TAG_PREFIX)) return `begins with ${TAG_PREFIX}, which is kept for Muster's own tags; rename it`
  if (!KEY.test(key) || isTooLong(key)) {
    return "is no key of a label; use up to 63 lower-case letters, digits, - and _, beginning with a letter"
  }
  if (VALUE.test(value) && !isTooLong(value)) return undefined
  return `is "${value}", no value of a label; use up to 63 lower-case letters, digits, - and _`
}

function isTooLong(text: string): boolean {
  return Buffer.byteLength(text) > MOST_BYTES
}
