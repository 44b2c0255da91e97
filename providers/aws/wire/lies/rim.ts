/** Rim: how lies read requests of EC2's, and change requests and answers. Pure. */
import type { HttpReply, HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import { errorXml } from "../client/refusals.js"

export function formOf({ text }: HttpRequest): URLSearchParams {
  return new URLSearchParams(text)
}

export function isAction(request: HttpRequest, ...actions: readonly string[]): boolean {
  return actions.includes(formOf(request).get("Action") ?? "")
}

/** The values of a list that is called so: "InstanceId", "Filter.1.Value". */
export function listOf(form: URLSearchParams, name: string): readonly string[] {
  const values: string[] = []
  for (let at = 1; form.has(`${name}.${at}`); at += 1) values.push(form.get(`${name}.${at}`) ?? "")
  return values
}

/** The values of the filter that is called so; undefined where there is none. */
export function filterOf(form: URLSearchParams, name: string): readonly string[] | undefined {
  for (let at = 1; form.has(`Filter.${at}.Name`); at += 1)
    if (form.get(`Filter.${at}.Name`) === name) return listOf(form, `Filter.${at}.Value`)
  return undefined
}

/** Whether it is this action with a filter of this name. */
export function filters(action: string, name: string): (request: HttpRequest) => boolean {
  return (request) => isAction(request, action) && filterOf(formOf(request), name) !== undefined
}

/** The same request with other parameters; those that are undefined are taken away. */
export function changed(request: HttpRequest, parameters: Readonly<Record<string, string | undefined>>): HttpRequest {
  const form = formOf(request)
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) form.delete(name)
    else form.set(name, value)
  }
  return { ...request, text: form.toString() }
}

export function edited(reply: HttpReply, edit: (xml: string) => string): HttpReply {
  return reply.body === undefined ? reply : { ...reply, body: edit(reply.body) }
}

/** Each item of a list whose first element has this name, with its text: from there to the next one. */
export function eachItem(xml: string, name: string, edit: (id: string, item: string) => string): string {
  const begin = `<item><${name}>`
  const [head = "", ...items] = xml.split(begin)
  return head + items.map((item) => edit(item.slice(0, item.indexOf("<")), begin + item)).join("")
}

/** Without the item with which the text begins; what follows it stays. */
export function withoutItem(text: string): string {
  let depth = 0
  for (const { 0: tag, index } of text.matchAll(/<\/?item>/g)) {
    depth += tag === "<item>" ? 1 : -1
    if (depth === 0) return text.slice(index + tag.length)
  }
  return text
}

/** A set with one item more. */
export function withItem(xml: string, set: string, item: string): string {
  return xml.replace(new RegExp(`<${set}/>|<${set}>`), (tag) =>
    tag.endsWith("/>") ? `<${set}>${item}</${set}>` : `${tag}${item}`,
  )
}

export function elementIn(item: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(item)?.[1] ?? ""
}

/** The name of a state of an instance: "instanceState", "previousState". */
export function stateIn(item: string, element: string): string {
  return elementIn(new RegExp(`<${element}>.*?</${element}>`).exec(item)?.[0] ?? "", "name")
}

export function inState(item: string, element: string, code: number, name: string): string {
  const state = `<${element}><code>${code}</code><name>${name}</name></${element}>`
  return item.replace(new RegExp(`<${element}>.*?</${element}>`), state)
}

export function withoutTag(item: string, key: string): string {
  return item.replace(new RegExp(`<item><key>${key}</key><value>[^<]*</value></item>`), "")
}

export function refusal({ headers }: HttpReply, code: string, message: string): HttpReply {
  const id = headers["x-amzn-requestid"] ?? "00000000-0000-0000-0000-000000000000"
  return { status: 400, headers, body: errorXml({ status: 400, code, message }, id) }
}

export function accepted({ headers }: HttpReply, action: string, body: string): HttpReply {
  const id = headers["x-amzn-requestid"] ?? "00000000-0000-0000-0000-000000000000"
  const xml = `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>${id}</requestId>${body}</${action}Response>`
  return { status: 200, headers, body: xml }
}

/** Behind this a lie hides. */
export const FAILURE: HttpReply = {
  status: 500,
  headers: { "content-type": "text/xml;charset=UTF-8" },
  body: errorXml({ status: 500, code: "InternalError", message: "An internal error has occurred" }, "hidden"),
}

/** Names for things that have none: "1", "2", … */
export function counter(): () => string {
  let count = 0
  return () => {
    count += 1
    return String(count)
  }
}
