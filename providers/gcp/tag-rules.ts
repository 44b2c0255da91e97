/** What Compute Engine accepts as labels, and which of them are Muster's own. */
import type { TagRules } from "../../src/tables/tag-rules.js"

/** "Keys have a minimum length of 1 character and a maximum length of 63", "international characters are allowed". */
const KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u
/** "Both are limited to 128 bytes" of UTF-8, which only letters outside of ASCII can pass. */
const MOST_BYTES = 128

/** "Each resource can have up to 64 labels" ("Labels", requirements), of which eight are Muster's own. */
export const LABEL_RULES: TagRules = {
  option: "gcp.labels",
  noun: "labels",
  takes: "Compute Engine takes 64 labels",
  most: 64,
  ours: 8,
  problemOf(key, value) {
    if (!KEY.test(key) || isTooLong(key))
      return "is no key of a label; use up to 63 lower-case letters, digits, - and _, beginning with a letter"
    if (VALUE.test(value) && !isTooLong(value)) return undefined
    return `is "${value}", no value of a label; use up to 63 lower-case letters, digits, - and _`
  },
}

function isTooLong(text: string): boolean {
  return Buffer.byteLength(text) > MOST_BYTES
}
