/** The table of handlers, and how one request is compared with the contract, given to the world and answered. */
import type { Json, JsonObject } from "../../../src/provider.js"
import { httpDate, type World } from "../../../src/simulator/index.js"
import type { HttpProtocol, HttpReply } from "../../../src/simulator/requests/http-server.js"
import { isoTime } from "../../../src/tables/times.js"
import { refusalOf } from "./client/answers.js"
import type { Contract, Route } from "./client/contract.js"
import { masked } from "./client/fields.js"
import type { Asked, WireSettings } from "./client/handler.js"
import { HANDLERS } from "./handlers.js"
import { SKUS_API, SKUS_PATH } from "./offers/billing.js"
import { isPermissionTest, TEST_PERMISSIONS_API } from "./observe/test-permissions.js"
import { byName } from "./observe/names.js"
import { checkPermissions } from "./client/permissions.js"
import { isGuestToken, type Principal, principalOf } from "./client/principals.js"
import { errorReply, Refusal } from "./client/refusals.js"

/** One request and what was sent for it. */
export interface Exchange {
  readonly api: string
  /** Names of the messages in the contract; empty for what has no route. */
  readonly types: { readonly body?: string; readonly reply: string }
  readonly method: string
  readonly url: string
  readonly body: Json
  readonly status: number
  readonly reply: Json
}

export interface Wire {
  readonly world: World
  readonly project: string
  readonly contract: Contract
  readonly settings: WireSettings
  /** The only token that is accepted now; all and none when left out. */
  token?: string
  readonly onExchange?: (exchange: Exchange) => void
  /** What the wire itself wrote that the contract does not allow: a mistake in it. */
  readonly mistakes: string[]
}

interface Received {
  readonly url: URL
  readonly method: string
  readonly text: string
  readonly authorization: string | undefined
}

/** The REST protocol over a world. */
export function protocolOf(wire: Wire): HttpProtocol {
  const now = () => wire.world.clock.now()
  return {
    date: () => httpDate(now(), isoTime(now())),
    begin: ({ method, target, headers, text }) => {
      const url = new URL(target, "http://wire")
      const received = { url, text, method, authorization: headers.authorization }
      const found = wire.contract.route(method, url.pathname)
      const route = found === undefined ? {} : { route: found.route }
      return {
        answer: async (signal) => {
          const reply = await answer(wire, received, found, signal)
          return replyOf(wire, received, { status: 200, reply, ...route })
        },
        refuse: (error) => {
          const { status, body: reply, retryAfterMs } = errorReply(error, wire)
          const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
          return { ...replyOf(wire, received, { status, reply, ...route }), ...wait }
        },
        whole: (reply) => ({
          headers: { "content-type": "application/json; charset=UTF-8" },
          body: JSON.stringify((reply as () => Json)()),
        }),
      }
    },
  }
}

/** The ledger, the faults and the buckets of the world see a request before it is checked. */
async function answer(
  wire: Wire,
  received: Received,
  found: ReturnType<Contract["route"]>,
  signal: AbortSignal,
): Promise<Json> {
  const { world, project, settings } = wire
  const api = found?.route.api ?? otherApi(received)
  const query = Object.fromEntries(received.url.searchParams)
  const parameters = { ...query, ...found?.parameters }
  const body = parsed(received.text)
  const principal = principalOf(world, received.authorization)
  const given = { world, project, settings, parameters, body: body ?? {} }
  const asked: Asked = { ...given, ...(principal === undefined ? {} : { principal }) }
  const handler = HANDLERS[api]
  const serving = {
    signal,
    cost: handler?.cost(asked) ?? {},
    ...(handler?.creates === true ? { latencyMs: world.latency.createMs } : {}),
    ...(handler?.holdUntil === undefined
      ? {}
      : { holdUntil: (reply: () => Json) => handler.holdUntil?.(asked, reply()) ?? 0 }),
  }
  const holdMs = handler?.holdMs?.(asked) ?? 0
  const reply = await world.serve(api, { ...parameters, body: asked.body }, serving, () => {
    checkToken(wire, received, principal)
    if (!OTHER_SERVICES.has(api)) checkRequest(wire, received, found?.route, { query, body, parameters })
    const granted = principal === undefined ? settings.permissions : settings.guestPermissions
    if (granted !== undefined) checkPermissions(api, asked, granted)
    if (handler === undefined) throw new Refusal(501, "notImplemented", `${api} is not part of this wire`)
    checkPlace(asked)
    checkReachable(asked)
    checkScript(api, asked)
    // A request that waits is answered with the state at the end of its wait.
    if (holdMs > 0) return () => handler.answer(asked)
    const now = handler.answer(asked)
    return () => now
  })
  if (holdMs > 0) await world.clock.serve(holdMs, signal)
  return masked(reply(), query.fields)
}

/** Of services that have no place in the contract. */
const OTHER_SERVICES: ReadonlySet<string> = new Set([SKUS_API, TEST_PERMISSIONS_API])

function otherApi({ method, url: { pathname } }: Received): string {
  if (isPermissionTest(method, pathname)) return TEST_PERMISSIONS_API
  const request = `${method} ${pathname}`
  return request === `GET ${SKUS_PATH}` ? SKUS_API : request
}

/** What is asked of another project: public images, the network of a shared VPC and its rules. */
const OTHERS_TOO = /^(images|routers|networks|subnetworks|firewalls|globalOperations)\./

interface Given {
  readonly query: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
  readonly body: JsonObject | undefined
}

/** @throws Refusal for a place that is not this region's, before anything else is checked. */
function checkPlace(asked: Asked): void {
  const { world, parameters } = asked
  const { zone, region } = parameters
  if (zone !== undefined && !world.settings.zones.includes(zone)) {
    throw new Refusal(400, "invalid", `Invalid value for field 'zone': '${zone}'. Unknown zone.`)
  }
  if (region !== undefined && region !== world.settings.region) {
    throw new Refusal(400, "invalid", `Invalid value for field 'region': '${region}'. Unknown region.`)
  }
}

/** @throws Refusal for what asks a zone that does not answer: requests to one zone have no partial answers. */
function checkReachable({ parameters: { zone = "" }, settings }: Asked): void {
  if (settings.unreachable.has(zone)) throw new Refusal(503, "backendError", `The zone ${zone} is unreachable.`)
}

/** Requests that ask for scripts themselves, one place at a time. */
const CREATES_BY_PLACE = /\.bulkInsert$/

/** @throws Refusal that a script wants for such a request. What makes instances asks for each of its places. */
function checkScript(api: string, { world, settings, parameters }: Asked): void {
  if (CREATES_BY_PLACE.test(api)) return
  const { zone, instance = "" } = parameters
  const pool = zone === undefined ? undefined : byName(world, zone, instance)
  const { instanceType, market } = pool ?? {}
  const known = { ...(zone && { zone }), ...(instanceType && { instanceType }), ...(market && { market }) }
  const answer = settings.answers.next(api, "whole", known)
  if (answer !== undefined) throw refusalOf(answer)
}

function checkToken({ token }: Wire, { authorization }: Received, principal: Principal | undefined): void {
  if (principal !== undefined) return
  const isOpen = token === undefined && !isGuestToken(authorization)
  if (isOpen || authorization === `Bearer ${token}`) return
  const message =
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential."
  throw new Refusal(401, "authError", message)
}

/** For which project, and whether the message is one of the contract's. */
function checkRequest(
  wire: Wire,
  received: Received,
  route: Route | undefined,
  { query, parameters, body }: Given,
): void {
  if (route === undefined)
    throw new Refusal(404, "notFound", `The requested URL ${received.url.pathname} was not found on this server.`)
  const { project } = parameters
  if (project !== wire.project && !OTHERS_TOO.test(route.api))
    throw new Refusal(
      404,
      "notFound",
      `The resource 'projects/${project}' was not found: failed to find project ${project}`,
    )
  if (received.text !== "" && body === undefined) throw new Refusal(400, "parseError", "Invalid JSON payload received.")
  const problems = [
    ...wire.contract.checkParameters(route, query),
    ...(route.body === undefined ? [] : wire.contract.check(bodyType(route), body ?? {}, "resource")),
  ]
  if (problems.length > 0) throw new Refusal(400, "badRequest", `Invalid JSON payload received. ${problems.join("; ")}`)
}

/** The body's message is named by its field: "bulkInsertInstanceResourceResource" is a BulkInsertInstanceResource. */
function bodyType({ body = "" }: Route): string {
  const name = body.replace(/Resource$/, "")
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** Undefined for what is no JSON object; an empty text, or the package's `""`, is no body. */
function parsed(text: string): JsonObject | undefined {
  if (text === "" || text === '""') return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

interface Sent {
  readonly status: number
  readonly reply: Json
  readonly route?: Route
}

function replyOf(wire: Wire, received: Received, { status, reply, route }: Sent): HttpReply {
  if (status === 200 && route !== undefined) wire.mistakes.push(...wire.contract.check(route.reply, sampled(reply)))
  const types = {
    reply: status === 200 ? (route?.reply ?? "") : "",
    ...(route?.body === undefined ? {} : { body: bodyType(route) }),
  }
  const { url, method, text } = received
  wire.onExchange?.({
    api: route?.api ?? "",
    types,
    method,
    url: `${url.pathname}${url.search}`,
    body: parsed(text) ?? {},
    status,
    reply,
  })
  const headers = { "content-type": "application/json; charset=UTF-8", server: "ESF" }
  return { status, headers, body: JSON.stringify(reply) }
}

/** Items of a list are written by one function: some of a page stand for all. */
export function sampled(reply: Json): Json {
  const { items } = reply as { readonly items?: Json }
  return Array.isArray(items) ? { ...(reply as JsonObject), items: items.slice(0, SAMPLE) } : reply
}

const SAMPLE = 20
