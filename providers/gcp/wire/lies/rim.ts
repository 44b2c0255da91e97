/** What lies need at the rim of the wire: which request it is, and how an answer is changed. */
import type { Json, JsonObject } from "../../../../src/provider.js"
import type { HttpReply, HttpRequest } from "../../../../src/simulator/requests/http-server.js"
import type { Lie } from "../../../../src/simulator/requests/lies.js"

/** A lie with what it remembers: each wire has its own. */
export type MakeLie = () => Omit<Lie, "breaks">

export interface Route {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
}

export function routeOf({ method, target }: HttpRequest): Route {
  const { pathname: path, searchParams: query } = new URL(target, "http://wire")
  return { method, path, query }
}

/** The same request with these parameters; null takes one away. */
export function withQuery(request: HttpRequest, changes: Readonly<Record<string, string | null>>): HttpRequest {
  const url = new URL(request.target, "http://wire")
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return { ...request, target: `${url.pathname}${url.search}` }
}

/** Another request id than this one. */
export function anotherId(requestId: string | null): string {
  return (requestId ?? "").replace(/.$/, (last) => (last === "0" ? "1" : "0"))
}

/** A success with another body. */
export function told(reply: HttpReply, change: (body: JsonObject) => JsonObject): HttpReply {
  if (reply.status !== 200) return reply
  return { ...reply, body: JSON.stringify(change(JSON.parse(reply.body ?? "{}") as JsonObject)) }
}

/** A list with other items. */
export function toldItems(
  reply: HttpReply,
  change: (items: readonly JsonObject[]) => readonly JsonObject[],
): HttpReply {
  return told(reply, ({ items = [], ...body }) => {
    const changed = change(items as readonly JsonObject[])
    return { ...body, ...(changed.length === 0 ? {} : { items: changed }) }
  })
}

/** A list whose items are changed one by one. */
export function toldEach(reply: HttpReply, change: (item: JsonObject) => JsonObject): HttpReply {
  return toldItems(reply, (items) => items.map(change))
}

/** A refusal in place of the answer. */
export function refusal(reply: HttpReply, status: number, reason: string, message: string): HttpReply {
  const error = { code: status, message, errors: [{ message, domain: "global", reason }] }
  return { status, headers: reply.headers, body: JSON.stringify({ error }) }
}

export function without(object: JsonObject, name: string): JsonObject {
  const { [name]: _left, ...rest } = object
  return rest
}

export function text(value: Json | undefined): string {
  return typeof value === "string" ? value : ""
}

/** Names of what a walk makes for a moment beside its machines begin so: whether these are lied about shows nowhere. */
export function isBeside(name: string): boolean {
  return name.startsWith("muster-")
}

export function isBulk({ method, path }: Route): boolean {
  return method === "POST" && path.endsWith("/instances/bulkInsert")
}

/** A list of one zone's instances as the adapter reads it, with the state and labels of each. */
export function isInstanceList({ method, path, query }: Route): boolean {
  return method === "GET" && /\/zones\/[^/]+\/instances$/.test(path) && (query.get("fields") ?? "").includes("status")
}

/** The name of the instance that a request reads, deletes or changes; undefined for others. */
export function instanceIn({ path }: Route): string | undefined {
  return /\/zones\/[^/]+\/instances\/([^/]+)$/.exec(path)?.[1]
}

/** The operation that a request waits for. */
export function waitedFor({ path }: Route): string | undefined {
  return /\/zones\/[^/]+\/operations\/([^/]+)\/wait$/.exec(path)?.[1]
}

/** A list of a zone's operations whose filter has this. */
export function isOperationList({ method, path, query }: Route, filter: string): boolean {
  return method === "GET" && /\/zones\/[^/]+\/operations$/.test(path) && (query.get("filter") ?? "").includes(filter)
}
