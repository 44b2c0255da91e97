/** A strict reader of XML as EC2 writes it: elements and text, nothing else. */

export interface Element {
  readonly name: string
  readonly children: readonly Element[]
  readonly text: string
}

const TOKEN = /<(\/?)([A-Za-z][\w.-]*)((?:\s+[\w:]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

/** @throws Error that says where it is not well formed. */
export function parseXml(xml: string): Element {
  const start = /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/.exec(xml)?.[0].length ?? 0
  const root = { name: "", children: [] as Element[], text: "" }
  const open: { name: string; children: Element[]; text: string }[] = [root]
  TOKEN.lastIndex = start
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(xml)
    const inner = open.at(-1)
    if (match === null || inner === undefined) throw new Error(`not well formed at ${at}: ${xml.slice(at, at + 40)}`)
    const [, closes, name = "", , empty, text] = match
    if (text !== undefined) inner.text += decoded(text)
    else if (closes === "/") {
      if (open.length === 1 || inner.name !== name) throw new Error(`</${name}> closes <${inner.name}> at ${at}`)
      open.pop()
    } else {
      const element = { name, children: [], text: "" }
      inner.children.push(element)
      if (empty !== "/") open.push(element)
    }
  }
  const [document] = root.children
  if (open.length !== 1 || document === undefined || root.children.length > 1) throw new Error("not one whole document")
  return document
}

function decoded(text: string): string {
  return text.includes("&") ? text.replace(/&(\w+);/g, (all, name: string) => ENTITIES[name] ?? all) : text
}
