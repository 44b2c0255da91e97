/** What labels may be ("Requirements for labels"). */
import { invalid } from "./refusals.js"

/** "Labels", requirements: international characters are allowed, and 128 bytes of UTF-8. */
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u

/** @throws Refusal for the first that is none. @param at the field that they are in. */
export function checkLabels(labels: Readonly<Record<string, string>>, at: string): void {
  if (Object.keys(labels).length > 64) throw invalid(at, Object.keys(labels).length, "At most 64 labels are allowed.")
  for (const [key, value] of Object.entries(labels)) {
    if (
      !LABEL_KEY.test(key) ||
      !LABEL_VALUE.test(value) ||
      [key, value].some((text) => Buffer.byteLength(text) > 128)
    ) {
      throw invalid(
        at,
        `${key}: ${value}`,
        "Label keys and values have at most 63 lower-case letters, digits, - and _.",
      )
    }
  }
}
