/** Bodies: texts of HTTP taken apart into fields, and put together again with others in their places. Pure. */

/** A text in its place. */
export interface Field {
  readonly text: string
  /** The names on the way to it, in lower case and without numbers. */
  readonly path: readonly string[]
  /** What its neighbour of this name says ("key" beside "value"); undefined where there is none. */
  readonly beside: (name: string) => string | undefined
}

export interface Rewriting {
  /** Of a field's text. */
  readonly text: (field: Field) => string
  /** Of a name, in a map that users fill or elsewhere. */
  readonly name: (name: string, path: readonly string[]) => string
}

/** The same body, as its kind has it, with the texts that `rewriting` says. What is of no kind is one field. */
export function rewriteBody(body: string, contentType: string, rewriting: Rewriting): string {
  if (body === "") return ""
  const start = body.trimStart()[0]
  if (start === "{" || start === "[") {
    const json = jsonOf(body)
    if (json !== undefined) return JSON.stringify(rewriteJson(json.value, [], undefined, rewriting))
  }
  if (start === "<" && !/html/i.test(contentType)) {
    const tree = xmlOf(body)
    if (tree !== undefined) return tree.map((node) => xmlText(node, [], tree, rewriting)).join("")
  }
  if (/x-www-form-urlencoded/i.test(contentType)) return rewriteForm(body, rewriting)
  return rewriting.text(fieldOf(body, []))
}

export function fieldOf(text: string, path: readonly string[]): Field {
  return { text, path, beside: () => undefined }
}

export function jsonOf(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

export function rewriteJson(
  value: unknown,
  path: readonly string[],
  around: Readonly<Record<string, unknown>> | undefined,
  rewriting: Rewriting,
): unknown {
  if (typeof value === "string") return rewriting.text({ text: value, path, beside: (name) => besideIn(around, name) })
  if (typeof value === "number") {
    if (Math.abs(value) < SMALL) return value
    const text = rewriting.text(fieldOf(value.toFixed(), path))
    return Number.isFinite(Number(text)) ? Number(text) : text
  }
  if (Array.isArray(value)) return value.map((one) => rewriteJson(one, path, undefined, rewriting))
  if (typeof value !== "object" || value === null) return value
  const object = value as Readonly<Record<string, unknown>>
  const entries = Object.entries(object).map(([name, inner]) => {
    const at = [...path, nameOf(name)]
    return [rewriting.name(name, path), rewriteJson(inner, at, object, rewriting)] as const
  })
  return Object.fromEntries(entries)
}

/** Smaller numbers say how much, not who. */
const SMALL = 100_000

function besideIn(around: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const found = Object.entries(around ?? {}).find(([key]) => key.toLowerCase() === name)?.[1]
  return typeof found === "string" ? found : undefined
}

function nameOf(name: string): string {
  return name.toLowerCase().replace(/^[a-z\d-]+:/, "")
}

/** "Tag.1.Key=a&Tag.1.Value=b": numbers say which of several. */
export function rewriteForm(body: string, rewriting: Rewriting): string {
  const pairs = body.split("&").map((pair) => {
    const at = pair.indexOf("=")
    return at < 0 ? [decoded(pair)] : [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1))]
  })
  const values = new Map(pairs.map(([name = "", value]) => [name.toLowerCase(), value]))
  return pairs
    .map(([name = "", value]) => {
      const parts = name.split(".").filter((part) => !/^\d+$/.test(part))
      const path = parts.map(nameOf)
      const beside = (other: string) => besidePair(values, name.toLowerCase(), other)
      const written = encodeURIComponent(rewriting.name(name, []))
      return value === undefined
        ? written
        : `${written}=${encodeURIComponent(rewriting.text({ text: value, path, beside }))}`
    })
    .join("&")
}

/** Of "filter.1.value.2" the name is "filter.1.name". */
function besidePair(values: ReadonlyMap<string, string | undefined>, name: string, other: string): string | undefined {
  const parts = name.split(".")
  for (let length = parts.length - 1; length > 0; length -= 1) {
    const found = values.get([...parts.slice(0, length), other].join("."))
    if (found !== undefined) return found
  }
  return undefined
}

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return text
  }
}

/** An element, or what stands between tags as it was written (`raw`). */
type Node =
  | { readonly raw: string }
  | { readonly name: string; readonly attributes: string; readonly isEmpty: boolean; readonly inside: readonly Node[] }

/** Undefined for what is not well formed. */
function xmlOf(body: string): readonly Node[] | undefined {
  const stack: { readonly name: string; readonly attributes: string; readonly inside: Node[] }[] = []
  const roots: Node[] = []
  const into = () => stack.at(-1)?.inside ?? roots
  for (const [part] of body.matchAll(/<[^>]*>|[^<]+/g)) {
    const [, slash, name = "", attributes = "", end] = /^<(\/?)([\w:.-]+)([^>]*?)(\/?)>$/s.exec(part) ?? []
    if (name === "") into().push({ raw: part })
    else if (slash === "/") {
      const open = stack.pop()
      if (open?.name !== name) return undefined
      into().push({ ...open, isEmpty: false })
    } else if (end === "/") into().push({ name, attributes, isEmpty: true, inside: [] })
    else stack.push({ name, attributes, inside: [] })
  }
  return stack.length === 0 ? roots : undefined
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

function xmlText(node: Node, path: readonly string[], around: readonly Node[], rewriting: Rewriting): string {
  if ("raw" in node) {
    if (node.raw.trim() === "") return node.raw
    if (node.raw.startsWith("<?xml")) return DECLARATION
    if (node.raw.startsWith("<")) return ""
    return xmlEscaped(rewriting.text({ text: xmlPlain(node.raw), path, beside: (name) => textIn(around, name) }))
  }
  const at = [...path, nameOf(node.name)]
  const name = rewriting.name(node.name, path)
  const attributes = [...node.attributes.matchAll(/([\w:.-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => {
    const text = rewriting.text(fieldOf(xmlPlain(value), [...at, nameOf(key)]))
    return ` ${rewriting.name(key, at)}="${xmlEscaped(text)}"`
  })
  if (node.isEmpty) return `<${name}${attributes.join("")}/>`
  const inside = node.inside.map((inner) => xmlText(inner, at, "raw" in inner ? around : node.inside, rewriting))
  return `<${name}${attributes.join("")}>${inside.join("")}</${name}>`
}

function textIn(nodes: readonly Node[], name: string): string | undefined {
  for (const node of nodes) {
    if ("raw" in node || nameOf(node.name) !== name) continue
    return node.inside.map((inner) => ("raw" in inner ? xmlPlain(inner.raw) : "")).join("")
  }
  return undefined
}

const SIGNS: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

function xmlPlain(text: string): string {
  return text.replace(/&(#x[\da-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith("#")) {
      const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ""
    }
    return SIGNS[name] ?? whole
  })
}

function xmlEscaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
}
