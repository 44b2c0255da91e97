/** Replies as EC2 writes them: an element for each member, `item` for each element of a list. */

export type Xml = string | number | boolean | undefined | readonly Xml[] | { readonly [name: string]: Xml }

const NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"

export function replyXml(action: string, requestId: string, reply: { readonly [name: string]: Xml }): string {
  const name = `${action}Response`
  const body = elements({ requestId, ...reply })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${NAMESPACE}">${body}</${name}>`
}

function elements(members: { readonly [name: string]: Xml }): string {
  let text = ""
  for (const name in members) {
    const value = members[name]
    if (value !== undefined) text += element(name, value)
  }
  return text
}

function element(name: string, value: Exclude<Xml, undefined>): string {
  const body = content(value)
  return body === "" ? `<${name}/>` : `<${name}>${body}</${name}>`
}

function content(value: Exclude<Xml, undefined>): string {
  if (typeof value === "string") return escapeXml(value)
  if (typeof value !== "object") return String(value)
  if (!isList(value)) return elements(value)
  let text = ""
  for (const item of value) if (item !== undefined) text += element("item", item)
  return text
}

function isList(value: object): value is readonly Xml[] {
  return Array.isArray(value)
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

export function escapeXml(text: string): string {
  return /[&<>"]/.test(text) ? text.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign) : text
}
