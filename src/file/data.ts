/** Data: nodes as plain data, with variables filled in, and where each part of it stands. Pure. */
import { isMap, isScalar, isSeq, parseDocument, Scalar } from "yaml"
import type { Json } from "../provider.js"
import { rangeOf, type TextProblem } from "./document.js"
import type { Offset } from "./excerpt.js"
import { fillIn, hasVariable, type Used } from "./variables.js"

/** A part of the data, and where it stands in the text. */
export interface Located {
  readonly value: Offset
  /** The key that it stands under. */
  readonly key?: Offset
  /** The text as the file has it, where a variable gave the value. */
  readonly written?: string
  readonly children: ReadonlyMap<string, Located>
}

interface Reading {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly problems: TextProblem[]
  readonly used: Used[]
}

export interface Data {
  readonly data: Json
  readonly located: Located
  readonly problems: readonly TextProblem[]
  /** Each variable that gave a value. */
  readonly used: readonly Used[]
}

export function dataOf(contents: unknown, env: Reading["env"]): Data {
  const reading: Reading = { env, problems: [], used: [] }
  const { data, located } = read(contents, reading, undefined)
  return { data, located, problems: reading.problems, used: reading.used }
}

interface Read {
  readonly data: Json
  readonly located: Located
}

/** What a worker's shell reads is its own: a variable there is one of the worker. */
const SHELL = "startup"

/** What stands under these has names of the user's own, of which one may be the same: texts, and parts that have options again. */
const TEXTS: readonly (string | undefined)[] = ["environment", "tags"]
const PARTS: readonly (string | undefined)[] = ["groups", "clusters"]

function read(node: unknown, reading: Reading, key: string | undefined): Read {
  const value = offsetOf(node)
  if (isMap(node)) return readMap(node.items, value, reading, key)
  if (isSeq(node)) {
    const items = node.items.map((item) => read(item, reading, key))
    const children = new Map(items.map(({ located }, at) => [String(at), located]))
    return { data: items.map(({ data }) => data), located: { value, children } }
  }
  if (!isScalar(node)) return { data: null, located: { value, children: new Map() } }
  const before = reading.used.length
  const data = scalarOf(node, value, reading, key)
  const isFilled = reading.used.length > before
  return { data, located: { value, ...(isFilled && { written: node.value as string }), children: new Map() } }
}

function readMap(
  items: readonly { readonly key: unknown; readonly value: unknown }[],
  value: Offset,
  reading: Reading,
  above: string | undefined,
): Read {
  const children = new Map<string, Located>()
  const entries: [string, Json][] = []
  for (const item of items) {
    const key = offsetOf(item.key)
    const name = isScalar(item.key) ? String(item.key.source ?? item.key.value) : undefined
    if (name === undefined || name === "<<") {
      const message = name === undefined ? "a key must be a text" : "merging (<<) is not used here; write it out"
      reading.problems.push({ message, ...key })
      continue
    }
    if (name === "__proto__") {
      reading.problems.push({ message: "__proto__ is no name here; use another", ...key })
      continue
    }
    if (children.has(name)) {
      reading.problems.push({ message: "this key is given twice; keep one of them", ...key })
      continue
    }
    const { data, located } = read(item.value, reading, optionOf(name, above))
    // A key without a value stands for itself.
    children.set(name, { ...located, value: isEmpty(located.value) ? key : located.value, key })
    entries.push([name, data])
  }
  return { data: Object.fromEntries(entries), located: { value, children } }
}

/** The option that a key names; for a name of the user's own what it stands under, or none. */
function optionOf(name: string, above: string | undefined): string | undefined {
  if (TEXTS.includes(above)) return above
  return PARTS.includes(above) ? undefined : name
}

function scalarOf(node: Scalar, at: Offset, { env, problems, used }: Reading, key: string | undefined): Json {
  const { value } = node
  if (typeof value === "bigint") return Number(value)
  if (typeof value !== "string" || key === SHELL || !hasVariable(value)) return value as Json
  const filled = fillIn(value, env)
  problems.push(...filled.problems.map((message) => ({ message, ...at })))
  used.push(...filled.used)
  if (node.type !== Scalar.PLAIN || filled.text === "") return filled.text
  return plainValue(filled.text)
}

/** What stands there without quotes is a number where it looks like one, as it would be if it had been written there. */
function plainValue(text: string): Json {
  // A hyphen or full stop alone begins a list or ends a document there.
  if (!/^(?:[-+.]*\d[\w.+-]*|[-+]?\.(?:inf|nan)|true|false|null|~)$/i.test(text)) return text
  return parseDocument(text, { version: "1.2", schema: "core", logLevel: "silent" }).toJS() as Json
}

function offsetOf(node: unknown): Offset {
  const [from, to] = rangeOf(node)
  return { from, to }
}

function isEmpty({ from, to }: Offset): boolean {
  return from === to
}

/**
 * The part that an option names: "cluster.groups.train.vcpus" with "cluster" as the root. Keys may have dots in them. What is not
 * there stands where it is missing.
 */
export function locate(root: Located, path: string): { readonly found: Located; readonly isWhole: boolean } {
  let [found, left] = [root, path]
  while (left !== "") {
    const key = keyOf(found, left)
    const next = key === undefined ? undefined : found.children.get(key)
    if (key === undefined || next === undefined) return { found, isWhole: false }
    found = next
    left = left.slice(key.length + 1)
  }
  return { found, isWhole: true }
}

/** The longest key that a path begins with: a key may have dots in it, and the path is shorter than the keys are many. */
function keyOf({ children }: Located, path: string): string | undefined {
  for (let key = path; key !== ""; key = key.slice(0, Math.max(0, key.lastIndexOf(".")))) {
    if (children.has(key)) return key
  }
  return path.startsWith(".") && children.has("") ? "" : undefined
}
