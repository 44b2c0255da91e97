/** Filter expressions as `list` takes them ("Filter expressions", AIP-160 form): terms with AND, OR and parentheses. */
import { parseTime } from "../../../../src/tables/times.js"
import { Refusal } from "./refusals.js"

type Test = (resource: unknown) => boolean

export interface Filter {
  readonly passes: Test
  /** Labels that every resource that passes must have: an index for the world. */
  readonly labels: Readonly<Record<string, string>>
  /** The labels are all that it asks for. */
  readonly isLabels: boolean
}

const TOKEN = /\s*(\(|\)|"(?:[^"\\]|\\.)*"|!=|<=|>=|[=:<>]|[^\s()=:<>!"]+)/y

export function filterOf(text: string | undefined): Filter {
  if (text === undefined || text.trim() === "") return { passes: () => true, labels: {}, isLabels: true }
  const tokens = tokensOf(text)
  const { test, rest } = anyOf(tokens, text)
  if (rest.length > 0) throw invalid(text)
  const labels = isConjunction(text) ? labelsIn(text) : {}
  return { passes: test, labels, isLabels: LABELS_ONLY.test(text) }
}

/** As the adapter writes it: `(labels.a=b) AND (labels.c=d)`. */
const LABELS_ONLY = /^\(labels\.[\w-]+=[\w-]+\)( AND \(labels\.[\w-]+=[\w-]+\))*$/

function isConjunction(text: string): boolean {
  return !/\bOR\b|\bNOT\b/.test(text)
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/labels\.([a-z][\w-]*)\s*=\s*"?([\w-]+)"?/g)].map(([, key = "", value = ""]) => [key, value]),
  )
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const token = TOKEN.exec(text)?.[1]
    if (token === undefined) throw invalid(text)
    tokens.push(token)
  }
  return tokens
}

interface Parsed {
  readonly test: Test
  readonly rest: readonly string[]
}

function anyOf(tokens: readonly string[], text: string): Parsed {
  let { test, rest } = allOf(tokens, text)
  while (rest[0] === "OR") {
    const next = allOf(rest.slice(1), text)
    const before = test
    test = (resource) => before(resource) || next.test(resource)
    rest = next.rest
  }
  return { test, rest }
}

/** AND may be left out between terms. */
function allOf(tokens: readonly string[], text: string): Parsed {
  let { test, rest } = term(tokens, text)
  while (rest.length > 0 && rest[0] !== "OR" && rest[0] !== ")") {
    const next = term(rest[0] === "AND" ? rest.slice(1) : rest, text)
    const before = test
    test = (resource) => before(resource) && next.test(resource)
    rest = next.rest
  }
  return { test, rest }
}

function term(tokens: readonly string[], text: string): Parsed {
  const [first, operator, value, ...rest] = tokens
  if (first === "(") {
    const inside = anyOf(tokens.slice(1), text)
    if (inside.rest[0] !== ")") throw invalid(text)
    return { test: inside.test, rest: inside.rest.slice(1) }
  }
  if (first === undefined || operator === undefined || value === undefined) throw invalid(text)
  const compare = COMPARE[operator]
  if (compare === undefined) throw invalid(text)
  const wanted = value.startsWith('"') ? (JSON.parse(value) as string) : value
  const path = pathOf(first)
  return { test: (resource) => compare(at(resource, path) ?? insertTimeFor(first, resource), wanted), rest }
}

const COMPARE: Readonly<Record<string, (value: string | undefined, wanted: string) => boolean>> = {
  "=": (value, wanted) => value === wanted,
  "!=": (value, wanted) => value !== wanted,
  ":": (value, wanted) => value !== undefined && (wanted === "*" || value.includes(wanted)),
  "<": (value, wanted) => value !== undefined && compared(value, wanted) < 0,
  ">": (value, wanted) => value !== undefined && compared(value, wanted) > 0,
  "<=": (value, wanted) => value !== undefined && compared(value, wanted) <= 0,
  ">=": (value, wanted) => value !== undefined && compared(value, wanted) >= 0,
}

/** Times are moments, however far from Greenwich they were written; everything else is text. */
function compared(value: string, wanted: string): number {
  const [at, than] = [parseTime(value), parseTime(wanted)]
  if (at !== undefined && than !== undefined) return at - than
  return value < wanted ? -1 : value > wanted ? 1 : 0
}

function pathOf(field: string): readonly string[] {
  return field.split(".")
}

function at(resource: unknown, path: readonly string[]): string | undefined {
  const value = path.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<string, unknown>> | undefined)?.[key],
    resource,
  )
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined
}

/** Operations are asked for by `creationTimestamp`, and show it as `insertTime`. */
function insertTimeFor(field: string, resource: unknown): string | undefined {
  return field === "creationTimestamp" ? at(resource, ["insertTime"]) : undefined
}

function invalid(text: string): Refusal {
  return new Refusal(400, "invalid", `Invalid value for field 'filter': '${text}'. Invalid list filter expression.`)
}
