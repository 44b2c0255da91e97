/** Allowed: texts for the allowed values of an option, from zod's issues. Pure. */
import type * as Zod from "zod"

type Issue = Zod.core.$ZodIssue

/** zod's own sentences begin so; those of our schemas do not, and stay as they are. */
const GENERIC = /^(Invalid|Too (small|big)|Unrecognized)/

/** Whether the message is from one of our schemas. */
export function isOwn(issue: Issue): boolean {
  return !GENERIC.test(issue.message)
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  record: "an object",
}

/** The remedy as a text: "use a number, or an object with min, max". */
export function ruleOf(issue: Issue, keysOf: (issue: Issue) => readonly string[]): string {
  if (issue.code === "invalid_union") {
    const ways = issue.errors.flatMap(([first]) => (first === undefined ? [] : [ruleOf(first, keysOf)]))
    const kinds = [...new Set(ways.map((way) => way.replace(/^use /, "")))]
    return kinds.length === 0 ? issue.message : `use ${listed(kinds)}`
  }
  if (isOwn(issue)) return issue.message
  switch (issue.code) {
    case "invalid_type":
      return `use ${kindOf(issue.expected, keysOf(issue))}`
    case "invalid_value":
      return `use ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(quoted).join(", ")}`
    case "too_small":
      return boundary(issue.origin, Number(issue.minimum), issue.inclusive === true ? "at least" : "more than")
    case "too_big":
      return boundary(issue.origin, Number(issue.maximum), issue.inclusive === true ? "at most" : "less than")
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1)
  }
}

function kindOf(expected: string, keys: readonly string[]): string {
  const shown = keys.length > 12 ? [...keys.slice(0, 12), "…"] : keys
  if (expected === "object") return keys.length === 0 ? "an object" : `an object with ${shown.join(", ")}`
  // A class by its name, such as AbortSignal.
  return KINDS[expected] ?? (/^[AEIOU]/.test(expected) ? `an ${expected}` : `a ${expected}`)
}

function boundary(origin: string, limit: number, relation: string): string {
  if (origin === "string")
    return relation === "at least" && limit === 1 ? "must not be empty" : `use ${relation} ${limit} characters`
  return `use ${relation} ${limit}${origin === "array" || origin === "set" ? " of them" : ""}`
}

function listed(kinds: readonly string[]): string {
  const last = kinds.at(-1) ?? ""
  return kinds.length < 2 ? last : `${kinds.slice(0, -1).join(", ")} or ${last}`
}

function quoted(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value)
}
