/** What the lies of this wire are made of: which requests they are about, and how an answer is told otherwise. */
import type { HttpReply, HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import type { Lie } from "../../../../src/simulator/requests/lies.js"
import { bodyOf } from "../client/refusals.js"

/** A lie may remember what it was asked: each wire has its own. */
export interface Switch {
  /** The id of the assumption that it breaks. */
  readonly breaks: string
  readonly make: () => Omit<Lie, "breaks">
}

export type About = (request: HttpRequest) => boolean

const GROUP = "^/subscriptions/[^/]+/resourcegroups/[^/]+"
const COMPUTE = "/providers/microsoft\\.compute"

const PATHS = {
  group: new RegExp(`${GROUP}$`),
  vm: new RegExp(`${GROUP}${COMPUTE}/virtualmachines/[^/]+$`),
  vms: new RegExp(`${GROUP}${COMPUTE}/virtualmachines$`),
  allVms: new RegExp(`^/subscriptions/[^/]+${COMPUTE}/virtualmachines$`),
  scaleSet: new RegExp(`${GROUP}${COMPUTE}/virtualmachinescalesets/[^/]+$`),
  disks: new RegExp(`${GROUP}${COMPUTE}/disks$`),
  nics: new RegExp(`${GROUP}/providers/microsoft\\.network/networkinterfaces$`),
  addresses: new RegExp(`${GROUP}/providers/microsoft\\.network/publicipaddresses$`),
} as const

/** @param expand the parameter `$expand` of a GET; any when left out. */
export function on(method: string, path: keyof typeof PATHS, expand?: string): About {
  return (request) => {
    const { pathname, searchParams } = new URL(request.target, "https://wire")
    if (request.method !== method || !PATHS[path].test(pathname.toLowerCase())) return false
    return expand === undefined || searchParams.get("$expand") === expand
  }
}

/** The last segment of a request's path. */
export function nameOf({ target }: HttpRequest): string {
  return lastOf(new URL(target, "https://wire").pathname)
}

export function lastOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1).toLowerCase()
}

export type Json = Record<string, unknown>

export function jsonOf({ body = "" }: HttpReply): Json {
  try {
    const json = JSON.parse(body) as unknown
    return typeof json === "object" && json !== null ? (json as Json) : {}
  } catch {
    return {}
  }
}

export function withJson(reply: HttpReply, body: unknown): HttpReply {
  return { ...reply, body: JSON.stringify(body) }
}

export function propertiesOf(json: unknown): Json {
  return ((json as { readonly properties?: Json } | undefined)?.properties ?? {}) as Json
}

export function withProperties(json: Json, properties: Json): Json {
  return { ...json, properties: { ...propertiesOf(json), ...properties } }
}

/** The same answer without these headers. */
export function without(reply: HttpReply, ...names: readonly string[]): HttpReply {
  const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !names.includes(name)))
  return { ...reply, headers }
}

/** A refusal in the place of an answer, with the headers that all answers have. */
export function refusal(reply: HttpReply, status: number, code: string): HttpReply {
  const { headers } = without(reply, "azure-asyncoperation", "location", "retry-after")
  const type = { "content-type": "application/json; charset=utf-8" }
  return { status, headers: { ...headers, ...type }, body: JSON.stringify(bodyOf(code, "The wire says so.")) }
}

export function codeOf(reply: HttpReply): string {
  return (jsonOf(reply).error as { readonly code?: string } | undefined)?.code ?? ""
}

export function itemsOf(reply: HttpReply): readonly Json[] {
  const { value } = jsonOf(reply)
  return Array.isArray(value) ? (value as Json[]) : []
}

/** What is no list stays as it is. */
export function withItems(reply: HttpReply, value: readonly unknown[]): HttpReply {
  const json = jsonOf(reply)
  return Array.isArray(json.value) ? withJson(reply, { ...json, value }) : reply
}
