/**
 * Compute Engine's API as the client package describes it (`protos.json`): routes, messages, enums. What the real service
 * would drop silently, a misspelt field or a number for a decimal text, is a problem here.
 */
import { createRequire } from "node:module"
import type { Json } from "../../../../src/provider.js"

interface Field {
  readonly type: string
  readonly rule?: string
  readonly keyType?: string
}

interface Message {
  readonly fields?: Readonly<Record<string, Field>>
  readonly values?: Readonly<Record<string, number>>
  readonly methods?: Readonly<Record<string, Method>>
  readonly nested?: Readonly<Record<string, Message>>
}

interface Method {
  readonly requestType: string
  readonly responseType: string
  readonly options?: Readonly<Record<string, string>>
}

export interface Route {
  /** "instances.bulkInsert" */
  readonly api: string
  readonly method: string
  readonly path: RegExp
  /** The names of the path's groups, in order. */
  readonly names: readonly string[]
  readonly request: string
  readonly reply: string
  /** The request's field that is sent as the body. */
  readonly body?: string
}

export interface Contract {
  /** Whose, and of which version. */
  readonly source: string
  route(
    method: string,
    path: string,
  ): { readonly route: Route; readonly parameters: Readonly<Record<string, string>> } | undefined
  /** What is wrong with a message, one line each. */
  check(type: string, value: Json, path?: string): readonly string[]
  /** What is wrong with the parameters of a route's URL. */
  checkParameters(route: Route, parameters: Readonly<Record<string, string>>): readonly string[]
}

const VERBS = ["get", "post", "delete", "put", "patch"] as const

/** Parameters of every method ("System parameters"). */
const SYSTEM: ReadonlySet<string> = new Set(["fields", "alt", "prettyPrint", "key", "quotaUser"])

const contracts = new Map<string, Contract>()

/** @param name the package, or what an alias of a second version is called. Read once: it is 12 MB. */
export function contractOf(name = "@google-cloud/compute"): Contract {
  const known = contracts.get(name) ?? readContract(name)
  contracts.set(name, known)
  return known
}

function readContract(name: string): Contract {
  const require = createRequire(import.meta.url)
  const { version } = require(`${name}/package.json`) as { readonly version: string }
  const protos = require(`${name}/build/protos/protos.json`) as Message
  const v1 = ["google", "cloud", "compute", "v1"].reduce<Message>((at, part) => at.nested?.[part] ?? {}, protos)
  const types = v1.nested ?? {}
  const routes = Object.entries(types).flatMap(([service, { methods = {} }]) =>
    Object.entries(methods).map(([rpc, method]) => routeOf(service, rpc, method)),
  )
  return {
    source: `@google-cloud/compute ${version}`,
    route: (method, path) => match(routes, method, path),
    check: (type, value, path = type) => checkMessage(types, types[type], value, path),
    checkParameters: (route, parameters) => checkParameters(types, route, parameters),
  }
}

function routeOf(service: string, rpc: string, { requestType, responseType, options = {} }: Method): Route {
  const verb = VERBS.find((candidate) => options[`(google.api.http).${candidate}`] !== undefined) ?? "get"
  const template = options[`(google.api.http).${verb}`] ?? ""
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => camel(name))
  const body = options["(google.api.http).body"]
  return {
    api: `${lower(service)}.${lower(rpc)}`,
    method: verb.toUpperCase(),
    path: new RegExp(`^${template.replace(/\{\w+\}/g, "([^/]+)")}$`),
    names,
    request: requestType,
    reply: responseType,
    ...(body === undefined ? {} : { body: camel(body) }),
  }
}

function match(routes: readonly Route[], method: string, path: string): ReturnType<Contract["route"]> {
  for (const route of routes) {
    const found = route.method === method ? route.path.exec(path) : null
    if (found === null) continue
    const parameters = Object.fromEntries(
      route.names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? "")]),
    )
    return { route, parameters }
  }
  return undefined
}

type Types = Readonly<Record<string, Message>>

function checkParameters(types: Types, route: Route, parameters: Readonly<Record<string, string>>): readonly string[] {
  const fields = types[route.request]?.fields ?? {}
  return Object.entries(parameters).flatMap(([name, text]) => {
    if (SYSTEM.has(name)) return []
    const field = fields[name]
    if (field === undefined || name === route.body) return [`${route.api}: there is no parameter ${name}`]
    return checkText(field.type, text, `${route.api}: ${name}`)
  })
}

/** A parameter is text whatever its type. */
function checkText(type: string, text: string, path: string): readonly string[] {
  if (type === "bool") return text === "true" || text === "false" ? [] : [`${path}: "${text}" is no boolean`]
  return /^u?int/.test(type) && !/^-?\d+$/.test(text) ? [`${path}: "${text}" is no integer`] : []
}

function checkMessage(types: Types, message: Message | undefined, value: Json, path: string): readonly string[] {
  if (message === undefined) return [`${path}: no such message`]
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: is no object`]
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([name, inner]) => {
    const at = `${path}.${name}`
    const field = message.fields?.[name]
    if (field === undefined) return [`${at}: there is no such field`]
    if (field.keyType !== undefined) return checkMap(types, message, field, inner, at)
    if (field.rule !== "repeated") return checkValue(types, message, { ...field, name }, inner, at)
    if (!Array.isArray(inner)) return [`${at}: is no list`]
    return inner.flatMap((item: Json, index) => checkValue(types, message, { ...field, name }, item, `${at}[${index}]`))
  })
}

function checkMap(types: Types, message: Message, field: Field, value: Json, path: string): readonly string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path}: is no map`]
  return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([key, inner]) =>
    checkValue(types, message, { ...field, name: "" }, inner, `${path}.${key}`),
  )
}

type Named = Field & { readonly name: string }

function checkValue(types: Types, message: Message, field: Named, value: Json, path: string): readonly string[] {
  const problem = checkScalar(message, field, value)
  if (problem !== "other") return problem === undefined ? [] : [`${path}: ${problem}`]
  const type = message.nested?.[field.type] ?? types[field.type]
  if (type?.values !== undefined)
    return inEnum(type, value) ? [] : [`${path}: ${JSON.stringify(value)} is none of ${field.type}`]
  return checkMessage(types, type, value, path)
}

const DECIMAL = /^-?\d+$/

function checkScalar(message: Message, { type, name }: Named, value: Json): string | undefined {
  switch (type) {
    case "string": {
      if (typeof value !== "string") return "is no text"
      // Most enums are declared as texts, with an enum of the field's name beside them.
      const values = message.nested?.[`${name.charAt(0).toUpperCase()}${name.slice(1)}`]
      return values?.values === undefined || inEnum(values, value) ? undefined : `"${value}" is none of ${name}`
    }
    case "bool":
      return typeof value === "boolean" ? undefined : "is no boolean"
    case "int64":
    case "uint64":
      return typeof value === "string" && DECIMAL.test(value) ? undefined : "is no decimal text"
    case "int32":
    case "uint32":
      return Number.isInteger(value) ? undefined : "is no integer"
    case "double":
    case "float":
      return typeof value === "number" ? undefined : "is no number"
    default:
      return "other"
  }
}

function inEnum({ values = {} }: Message, value: Json): boolean {
  return typeof value === "string" && Object.hasOwn(values, value)
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function lower(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`
}
