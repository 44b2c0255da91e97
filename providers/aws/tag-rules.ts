/** What EC2 accepts as tags, which of them are Muster's own, and which of them instance metadata can show. Pure. */
import type { SpecProblem } from "../../src/errors.js"
import type { GroupRequest } from "../../src/provider.js"
import type { TagRules, Tags } from "../../src/tables/tag-rules.js"

/** "Although EC2 allows for any character in its tags", no user wants a line break or a NUL in a key. */
const CONTROL = /\p{Cc}/u

/** "Tag restrictions" (EC2 User Guide): 50 a resource, of which nine are Muster's own. */
export const TAG_RULES: TagRules = {
  option: "aws.tags",
  noun: "tags",
  takes: "EC2 takes 50",
  most: 50,
  ours: 9,
  problemOf(key, value) {
    if (key.toLowerCase().startsWith("aws:")) return 'begins with "aws:", which AWS keeps for itself; rename it'
    if (key === "" || key.length > 128 || CONTROL.test(key))
      return "is no tag's key; EC2 takes 1 to 128 characters, none of them a line break or another control character"
    return value.length > 256 ? `is ${value.length} characters long; EC2 takes 256` : undefined
  },
}

/** "Enable access to tags in instance metadata": what keys may have then, and what they may not be. */
const METADATA_KEY = /^[\w+\-=.,:@]{1,128}$/
const NOT_A_KEY = [".", "..", "_index"]

/** A lease is kept by a tag that the instance reads in its metadata. Where metadata cannot show one tag, it shows none. */
export function leaseTagProblems({ name, tags, leaseSeconds }: GroupRequest, own: Tags = {}): readonly SpecProblem[] {
  const hidden = leaseSeconds === undefined ? [] : Object.keys({ ...own, ...tags }).filter((key) => !isInMetadata(key))
  return hidden.map((key) => ({
    option: key in tags ? `groups.${name}.tags.${key}` : `aws.tags.${key}`,
    message: `has a key that instance metadata cannot show, by which a lease is kept; use letters, digits and + - = . , _ : @, or leave the lease out`,
  }))
}

/** Whether instance metadata can show tags with all of these keys; EC2 refuses a launch that is to show others. */
export function areInMetadata(tags: Tags): boolean {
  return Object.keys(tags).every(isInMetadata)
}

function isInMetadata(key: string): boolean {
  return METADATA_KEY.test(key) && !NOT_A_KEY.includes(key)
}
