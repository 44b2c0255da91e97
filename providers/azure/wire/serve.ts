/** The table of routes, and how one request of Resource Manager is admitted, given to the world and answered. */
import type { Scope } from "../../../src/provider.js"
import { httpDate } from "../../../src/simulator/index.js"
import type { HttpProtocol, HttpReply, HttpRequest } from "../../../src/simulator/requests/http-server.js"
import { isoTime } from "../../../src/tables/times.js"
import { doorRoutes } from "./access/doors.js"
import { interfaceRoutes } from "./access/interfaces.js"
import { securityGroupRoutes } from "./access/security-groups.js"
import { actionsOf } from "./client/actions.js"
import { catalogueRoutes } from "./offers/catalogue.js"
import { checkReplicated, groupRoutes } from "./prepare/groups.js"
import { diagnosticsRoutes } from "./observe/diagnostics.js"
import { networkRoutes } from "./prepare/network.js"
import { checkPolicy } from "./client/policy.js"
import { errorReply, Refusal } from "./client/refusals.js"
import type { RestVm } from "./world/rest.js"
import type { Answered, Asked, Route } from "./client/route.js"
import { scaleSetRoutes } from "./prepare/scale-sets.js"
import { catchUp, guidOf, type State, vmKey } from "./world/state.js"
import { vmRoutes } from "./observe/vms.js"
import { subscriptionRoutes } from "./observe/subscription.js"
import { NO_ZONE } from "./world/world.js"
import { tagRoutes } from "./guest/tags.js"
import { isGood, isGuestToken } from "./client/principals.js"
import { vmDeleteRoutes } from "./end/vm-delete.js"
import { vmOperationRoutes } from "./launch/vm-operations.js"
import { vmPutRoutes } from "./launch/vm-put.js"
import { partRoutes } from "./prepare/parts.js"

const ROUTES: readonly Route[] = [
  ...vmRoutes,
  ...vmPutRoutes,
  ...vmDeleteRoutes,
  ...vmOperationRoutes,
  ...scaleSetRoutes,
  ...diagnosticsRoutes,
  ...groupRoutes,
  ...networkRoutes,
  ...securityGroupRoutes,
  ...doorRoutes,
  ...interfaceRoutes,
  ...partRoutes,
  ...catalogueRoutes,
  ...tagRoutes,
  ...subscriptionRoutes,
]

/** One request and what was sent for it: for tests that compare both with the SDK's own types. */
export interface Exchange {
  readonly api: string
  readonly method: string
  readonly path: string
  readonly request: unknown
  readonly status: number
  readonly reply: unknown
}

export interface Wire {
  readonly state: State
  readonly onExchange?: (exchange: Exchange) => void
  url: string
  /** Requests so far: numbers their ids. */
  requests: number
}

/** The protocol of Resource Manager over a world. */
export function protocolOf(wire: Wire): HttpProtocol {
  const now = () => wire.state.world.clock.now()
  return {
    date: () => httpDate(now(), isoTime(now())),
    begin: (request) => {
      const asked = askedOf(wire, request)
      const route = ROUTES.find(({ method, path }) => method === asked.method && path.test(asked.path.toLowerCase()))
      const api = route?.api ?? `${asked.method} ${asked.path}`
      const reply = (answered: Answered, retryAfterMs?: number) => {
        const { status, body, headers = {} } = answered
        wire.onExchange?.({ api, method: asked.method, path: asked.path, request: asked.body, status, reply: body })
        const text = status === 204 ? {} : textOf(body)
        const wait = retryAfterMs === undefined ? {} : { retryAfterMs }
        return { status, ...text, ...wait, headers: { ...commonHeaders(wire, route), ...headers, ...text.headers } }
      }
      return {
        answer: async (signal) => reply(await answer(wire, asked, route, api, signal)),
        refuse: (error) => {
          const { retryAfterMs, ...refusal } = errorReply(error, now())
          return reply(refusal, retryAfterMs)
        },
        whole: (answered) => ({
          headers: { "content-type": "application/json" },
          body: JSON.stringify((answered as Answered).body ?? {}),
        }),
      }
    },
  }
}

function textOf(body: unknown): Pick<HttpReply, "body"> & { readonly headers?: Readonly<Record<string, string>> } {
  if (body === undefined) return {}
  const isText = typeof body === "string"
  const type = isText ? "text/plain" : "application/json"
  return { body: isText ? body : JSON.stringify(body), headers: { "content-type": `${type}; charset=utf-8` } }
}

function askedOf({ url }: Wire, { method, target, headers, text }: HttpRequest): Asked {
  const { pathname, searchParams } = new URL(target, url)
  return {
    method,
    path: pathname,
    names: [],
    query: searchParams,
    headers: headers as Readonly<Record<string, string | undefined>>,
    body: bodyOf(text),
    url,
  }
}

function bodyOf(text: string): unknown {
  if (text === "") return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** The ledger, the faults and the buckets of the world see a request before it is looked at. */
function answer(
  wire: Wire,
  asked: Asked,
  route: Route | undefined,
  api: string,
  signal: AbortSignal,
): Promise<Answered> {
  const { state } = wire
  const { world } = state
  const latencyMs = route?.creates === true ? world.latency.createMs : world.latency.requestMs
  const parameters = { path: asked.path, ...(route?.creates === true ? { body: asked.body as never } : {}) }
  return world.serve(api, parameters, { cost: route?.cost ?? {}, signal, latencyMs }, () => {
    if (route === undefined) throw new Refusal(404, "InvalidResourceType", `${api} is nothing that this wire knows.`)
    catchUp(state)
    const [, ...names] = route.path.exec(asked.path.toLowerCase()) ?? []
    if (route.isElsewhere !== true) admit(state, { ...asked, names }, route)
    return route.answer(state, { ...asked, names })
  })
}

const SUBSCRIPTION = /^\/subscriptions\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\/|$)/i

function admit(state: State, asked: Asked, { api }: Route): void {
  const { quirks } = state
  const role = isGuestToken(tokenOf(asked) ?? "") ? quirks.guestRole : quirks.role
  checkToken(state, asked)
  if (!SUBSCRIPTION.test(asked.path))
    throw new Refusal(404, "InvalidSubscriptionId", "The provided subscription identifier is malformed or invalid.")
  const version = asked.query.get("api-version")
  if (!version)
    throw new Refusal(
      400,
      "MissingApiVersionParameter",
      "The api-version query parameter (?api-version=) is required for all requests.",
    )
  // Since 2022 disks have versions of their own, which end in -02 ("Microsoft.Compute/disks" in the template reference).
  if (/microsoft\.compute\/disks/i.test(asked.path) && version > "2022" && version.endsWith("-01"))
    throw new Refusal(
      400,
      "NoRegisteredProviderFound",
      `No registered resource provider found for location '${state.world.settings.region}' and API version '${version}' for type 'disks'. The supported api-versions are '2024-03-02'.`,
    )
  const missing = role === undefined ? undefined : actionsOf(api, asked.body).find((action) => !role.has(action))
  if (quirks.forbidden.has(api) || missing !== undefined) {
    throw new Refusal(
      403,
      "AuthorizationFailed",
      `The client 'c' with object id 'o' does not have authorization to perform action '${missing ?? api}' over scope '${asked.path}' or the scope is invalid.`,
    )
  }
  if (quirks.unregistered && /microsoft\.compute/i.test(asked.path)) {
    throw new Refusal(
      409,
      "MissingSubscriptionRegistration",
      "The subscription is not registered to use namespace 'Microsoft.Compute'.",
    )
  }
  const scripted = state.answers.next(api, "whole", poolOf(state, asked))
  if (scripted !== undefined) {
    const { status = 400, code, message, ...extras } = scripted
    throw new Refusal(status, code, message, extras)
  }
  checkPolicy(state, asked)
  if (/\/resourcegroups\/[^/]+\/providers\//i.test(asked.path)) checkReplicated(state, asked.names[0] ?? "")
}

function tokenOf({ headers }: Asked): string | undefined {
  return /^Bearer (\S+)$/.exec(headers.authorization ?? "")?.[1]
}

function checkToken(state: State, asked: Asked): void {
  const token = tokenOf(asked)
  if (token === undefined)
    throw new Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
  if (isGuestToken(token) ? isGood(state, token) : (state.quirks.tokens?.has(token) ?? true)) return
  throw new Refusal(
    401,
    "ExpiredAuthenticationToken",
    "The access token expiry UTC time '1/1/2026 12:00:00 AM' is earlier than current UTC time '1/1/2026 12:05:00 AM'.",
  )
}

/** The offer that a request about a VM is about: of one that is to be made, or of one that is there. */
function poolOf({ vms }: State, { method, path, names, body }: Asked): Scope | undefined {
  if (!/\/microsoft\.compute\/virtualmachines\/[^/]+$/i.test(path)) return undefined
  const [group = "", name = ""] = names
  const request = method === "PUT" ? (body as RestVm) : vms.get(vmKey(group, name))?.request
  if (request === undefined) return undefined
  const { zones, properties = {} } = request
  return {
    zone: zones?.[0] ?? NO_ZONE,
    instanceType: properties.hardwareProfile?.vmSize ?? "",
    market: properties.priority === "Spot" ? "spot" : "on-demand",
  }
}

/** The headers of every answer of ARM, with the remaining units of the request's buckets ("Request limits and throttling"). */
function commonHeaders(wire: Wire, route: Route | undefined): Record<string, string> {
  wire.requests += 1
  const id = guidOf(`request/${wire.requests}`)
  const levels = wire.state.world.levels()
  const headers: Record<string, string> = {
    "x-ms-request-id": id,
    "x-ms-correlation-request-id": id,
    "x-ms-routing-request-id": `WESTEUROPE:20260101T000000Z:${id}`,
  }
  for (const kind of ["reads", "writes", "deletes"]) {
    const left = levels[`arm.${kind}`]
    if (route?.cost[`arm.${kind}`] === undefined || left === undefined) continue
    headers[`x-ms-ratelimit-remaining-subscription-${kind}`] = String(Math.max(0, Math.floor(left)))
  }
  const policies = Object.keys(route?.cost ?? {}).flatMap((bucket) => policiesOf(bucket, levels[bucket]))
  return policies.length === 0 ? headers : { ...headers, [POLICIES]: policies.join(",") }
}

const POLICIES = "x-ms-ratelimit-remaining-resource"

/** Compute names its policies, the window's length behind; what one VM may have is among them. */
function policiesOf(bucket: string, left = Number.NaN): readonly string[] {
  const [provider, policy = ""] = bucket.split(".")
  if (provider !== "compute" || Number.isNaN(left)) return []
  return [`Microsoft.Compute/${policy}3Min;${Math.max(0, Math.floor(left))}`, `Microsoft.Compute/${policy}Resource;11`]
}
