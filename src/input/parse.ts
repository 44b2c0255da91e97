/** Parse: checks input from outside once, and reports all its problems together. */
import { createRequire } from "node:module"
import type * as Zod from "zod"
import { isOwn, ruleOf } from "./allowed.js"
import { SpecError, type SpecProblem } from "../errors.js"
import type { JsonObject } from "../provider.js"
import { unsafeKeys } from "./unsafe-keys.js"

export type Z = typeof Zod.z

let loaded: Z | undefined

/** zod, at its first use: it takes 75 to 140 ms to load, longer than the rest of this library. */
export function zod(): Z {
  loaded ??= (createRequire(import.meta.url)("zod") as { z: Z }).z
  return loaded
}

/** By the function that makes it: making a schema takes longer than to read with it. */
const schemas = new WeakMap<object, unknown>()

/** A function's schema, which depends on nothing but zod. */
function schemaFrom<T>(schemaOf: (z: Z) => Zod.ZodType<T>): Zod.ZodType<T> {
  const schema = (schemas.get(schemaOf) as Zod.ZodType<T> | undefined) ?? schemaOf(zod())
  schemas.set(schemaOf, schema)
  return schema
}

/**
 * Checks `input` against a schema and returns it with its defaults.
 *
 * @param what names the thing in messages: "cluster", "aws", "scale".
 * @param schemaOf the schema, given zod when it is needed; use `z.strictObject` so that unknown options are found.
 * @param otherProblems the problems that a schema cannot find; they follow those of the schema.
 * @param hints what to use instead of options of other tools, by the option's letters in lower case.
 * @throws SpecError with every problem; each names the option, shows the value and states what is allowed.
 */
export function parseOptions<T>(
  what: string,
  schemaOf: (z: Z) => Zod.ZodType<T>,
  input: unknown,
  otherProblems: readonly SpecProblem[] = [],
  hints: OptionHints = {},
): T {
  const schema = schemaFrom(schemaOf)
  // Compiling a schema that is used once takes longer than reading it.
  const result = schema.safeParse(input, { reportInput: true, jitless: true })
  const unsafe = unsafeKeys(what, input)
  if (result.success && otherProblems.length + unsafe.length === 0) return result.data
  const issues = result.error?.issues ?? []
  const found = issues.flatMap((issue) => problemsOf({ what, schema, input, hints }, issue))
  const isFound = ({ option }: SpecProblem) => [...found, ...otherProblems].some((one) => one.option === option)
  throw new SpecError([...found, ...otherProblems, ...unsafe.filter((problem) => !isFound(problem))])
}

/** What to use instead of an unknown option: the name of an option, or a sentence. */
export type OptionHints = Readonly<Record<string, string>>

interface Reading {
  readonly what: string
  readonly schema: Zod.ZodType
  readonly input: unknown
  readonly hints: OptionHints
}

function problemsOf(reading: Reading, issue: Zod.core.$ZodIssue): SpecProblem[] {
  const { what, schema, input, hints } = reading
  const option = [what, ...issue.path.map(String)].join(".")
  const value = valueAt(input, issue.path)
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(schema, issue.path)
    return issue.keys.map((key) => unknownOption(option, key, value, { known, hints }))
  }
  if (issue.code === "invalid_union") {
    const best = bestBranch(issue.errors.flat(), value)
    if (best !== undefined) return problemsOf(reading, { ...best, path: [...issue.path, ...best.path] })
  }
  if (issue.code === "invalid_key") {
    const rules = issue.issues.map((inner) => ruleOf(inner, () => [])).join("; ")
    return [{ option, value, message: `the name is ${show(String(issue.path.at(-1)))}; ${rules}` }]
  }
  const shown = value === undefined ? "is missing" : `is ${show(value)}`
  // Inside a union's alternatives paths begin at the union.
  const keysOf = (at: Zod.core.$ZodIssue) => knownKeys(schema, at === issue ? at.path : [...issue.path, ...at.path])
  const allowed = issue.code === "invalid_value" ? issue.values.map(String) : []
  const near = typeof value === "string" ? nearest(value, allowed) : undefined
  const hint = near === undefined || allowed.length < 2 ? "" : `; did you mean ${show(near)}?`
  return [{ option, value, message: `${shown}; ${ruleOf(issue, keysOf)}${hint}` }]
}

/** The union's alternative that fits the value best: one whose issue is inside the value, or one that accepts its type. */
function bestBranch(issues: readonly Zod.core.$ZodIssue[], value: unknown): Zod.core.$ZodIssue | undefined {
  const isRightType = (issue: Zod.core.$ZodIssue) =>
    isOwn(issue) || (issue.code === "invalid_type" ? isNumber(issue, value) : issue.code !== "invalid_value")
  return issues.find((issue) => issue.path.length > 0) ?? issues.find(isRightType)
}

/** A number that is not whole, or is NaN, still counts as the type number. */
function isNumber(issue: Zod.core.$ZodIssueInvalidType, value: unknown): boolean {
  return typeof value === "number" && ["int", "number"].includes(issue.expected)
}

function unknownOption(
  parent: string,
  key: string,
  value: unknown,
  { known, hints }: { readonly known: readonly string[]; readonly hints: OptionHints },
): SpecProblem {
  const hint = hintFor(key, known, hints)
  const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined
  return { option: `${parent}.${key}`, value: given, message: `unknown option (value ${show(given)}); ${hint}` }
}

/** The hint for an unknown option. The name of another tool's option is no typing error, however similar it is to one of ours. */
function hintFor(key: string, known: readonly string[], hints: OptionHints): string {
  const letters = key.toLowerCase().replaceAll(/[^a-z0-9]/g, "")
  const other = Object.hasOwn(hints, letters) ? hints[letters] : undefined
  const near = other === undefined ? nearest(key, known) : known.find((name) => name === other)
  if (near !== undefined) return `did you mean "${near}"?`
  return other ?? `known options: ${known.join(", ")}`
}

function knownKeys(schema: Zod.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema
  for (const key of path) at = typeof key === "number" ? inner(at, "element") : inner(at, "shape", key)
  const shape = inner(at, "shape")
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : []
}

/** Follows a schema into its shape or element, through optional, default and pipe wrappers. */
function inner(schema: unknown, member: "shape" | "element", key?: PropertyKey): unknown {
  let at = schema as Record<string, unknown> | undefined
  for (let depth = 0; at !== undefined && depth < 10; depth += 1) {
    const found = at[member]
    if (found !== undefined) return key === undefined ? found : (found as Record<PropertyKey, unknown>)[key]
    const def = at.def as { innerType?: unknown; in?: unknown; valueType?: unknown; options?: unknown[] } | undefined
    const next = def?.innerType ?? def?.in ?? def?.valueType ?? def?.options?.find((option) => inner(option, member))
    if (def?.valueType !== undefined && key !== undefined) return def.valueType
    at = next as Record<string, unknown> | undefined
  }
  return undefined
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let at = input
  for (const key of path)
    at = typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined
  return at
}

/** Options as plain JSON; undefined when one of them is not JSON (a function, a client). */
export function plainOptions(options: unknown): JsonObject | undefined {
  const isPlain = (value: unknown): boolean => {
    if (value === null || ["string", "number", "boolean", "undefined"].includes(typeof value)) return true
    if (Array.isArray(value)) return value.every(isPlain)
    return Object.getPrototypeOf(value) === Object.prototype && Object.values(value as object).every(isPlain)
  }
  return isPlain(options) ? (JSON.parse(JSON.stringify(options)) as JsonObject) : undefined
}

/** A value as it is shown in messages: short, on one line. */
export function show(value: unknown): string {
  if (typeof value === "function") return "a function"
  if (typeof value === "number" || typeof value === "bigint" || value === undefined) return String(value)
  let text: string
  try {
    text = JSON.stringify(value) ?? String(value)
  } catch {
    text = String(value)
  }
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** The known word that is most similar; undefined when none is similar enough. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** Known words, the most similar to `word` first. */
export function byLikeness(word: string, known: readonly string[]): readonly string[] {
  const distances = new Map(
    known.map((candidate) => [candidate, editDistance(word.toLowerCase(), candidate.toLowerCase())]),
  )
  return [...known].sort((a, b) => (distances.get(a) ?? 0) - (distances.get(b) ?? 0))
}

/** The edit distance: letters inserted, deleted, replaced, or swapped with a neighbour. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same, swapped))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
