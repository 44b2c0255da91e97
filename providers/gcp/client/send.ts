/**
 * The one way to Google. The package's clients build requests (routes, field names, encodings); everything else is here,
 * because it cannot be left to them: 6.x ignores its own time limits, each version gives errors another shape and 7.x
 * loses parts of them, missing credentials end the process, partial lists look complete, and an answer that does not
 * decode never settles. They take their `fetch` from the `auth` object that they are given: ours adds the token, obeys the
 * attempt's signal, reads the answer, and keeps errors as they were received. They are handed an empty message to decode.
 */
import { RejectedError, SpecError } from "../../../src/errors.js"
import { show } from "../../../src/input/parse.js"
import type { Calls, Cost, JsonObject, Offer } from "../../../src/provider.js"
import { APIS, type ApiName, type Replies } from "./apis.js"
import type { Identity } from "./credentials.js"
import { type RequestContext, garbled, toMusterError } from "./errors.js"
import type { Exchange } from "./http.js"
import { jsonOf } from "./json.js"
import type { Page } from "./native.js"
import type { GcpOptions } from "../options.js"
import { refusePartial } from "./partial.js"
import { type ClientName, loadSdk, type MakeClient, type SdkClient } from "./sdk.js"
import { type PendingRequest, PendingRequests } from "./pending-requests.js"

export interface Request {
  readonly what: string
  /** The request message, without its project where it is the cluster's own. */
  readonly message: JsonObject
  /** Partial response ("Performance tips"): a full instance is 3 KB, what we read of it 200 bytes. `kind` is always read. */
  readonly fields?: string
  /** In place of the api's own cost. */
  readonly cost?: Cost
  readonly offers?: readonly Offer[]
}

/** Sends one request with everything around it; all verbs go through this. */
export type Send = <A extends ApiName>(calls: Calls, api: A, request: Request) => Promise<Replies[A]>

/** gax decodes what `fetch` returns; what we read has been read by then. */
const EMPTY = { ok: true, status: 200, arrayBuffer: async () => new TextEncoder().encode("{}").buffer }

/** We limit and retry; what these leave to the package is none of either (its own limit is ten minutes). */
const CALL_OPTIONS = { autoPaginate: false, retry: { retryCodes: [] }, maxRetries: 0 }

/** The caller's identity and sockets: shared by all requests of one provider object. */
export interface Connection {
  readonly identity: Pick<Identity, "project">
  /** Each request carries its authorization. */
  readonly exchange: Exchange
}

/** The package's clients of one provider object, each made at its first request. */
function clientsOf(options: GcpOptions, auth: object): (name: ClientName) => Promise<SdkClient> {
  const clients = new Map<ClientName, Promise<SdkClient>>()
  let loading: Promise<MakeClient> | undefined
  const make = async (name: ClientName) => {
    // A failure to load is not kept: the package may be installed later, and the next request tries again.
    loading ??= loadSdk(options.sdk).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    const client = (await loading)(name, { ...endpointOf(options), auth })
    await client.initialize()
    return client
  }
  return (name) => {
    const client = clients.get(name) ?? make(name)
    clients.set(name, client)
    client.catch(() => clients.delete(name))
    return client
  }
}

/** Sends the requests of one provider object. */
export function sender(options: GcpOptions, { identity, exchange }: Connection): Send {
  const pending = new PendingRequests()
  const clientOf = clientsOf(options, authOf(identity, pending, exchange))
  const where = {
    region: options.region,
    ...(options.apiEndpoint === undefined ? {} : { endpoint: options.apiEndpoint }),
  }
  return (calls, api, { what, message, fields, cost, offers = [] }) => {
    const { client, method, cost: usual } = APIS[api]
    return calls.send(api, cost ?? usual, async (attempt) => {
      const { signal } = attempt
      const context: RequestContext = { what, ...where, now: calls.now, cost: cost ?? usual, offers }
      const pendingRequest: PendingRequest = { api, signal, fields, asked: message }
      try {
        const [sdk, project] = await Promise.all([clientOf(client), identity.project()])
        const whole = { project, ...message }
        checkParts(whole, what)
        await pending.send(pendingRequest, (headers) =>
          sdk.innerApiCalls[method]?.(whole, { ...CALL_OPTIONS, otherArgs: { headers } }),
        )
        attempt.dated?.(pendingRequest.date)
        const reply = checked(pendingRequest.reply, { api, fields }, context)
        if (api.endsWith(".list")) refusePartial(reply as Page, what)
        return reply
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toMusterError(pendingRequest.failure ?? error, context)
      }
    })
  }
}

/** What becomes a part of the URL's path. */
const PARTS = [
  "project",
  "region",
  "zone",
  "instance",
  "disk",
  "operation",
  "image",
  "family",
  "subnetwork",
  "firewall",
] as const
const PART = /^[A-Za-z0-9][\w.:-]*$/

/** A name that is none must not lead to another place: the client leaves ".." as it is, and URLs go up there. */
function checkParts(message: JsonObject, what: string): void {
  for (const part of PARTS) {
    const value = message[part]
    if (value === undefined || (typeof value === "string" && PART.test(value))) continue
    throw new RejectedError(`${what}: ${show(value)} can be the name of no ${part}`, { code: "InvalidName" })
  }
}

/** Fields that do not show who answered: other servers write "error" too. */
const NO_SIGN = /^(error|warning|unreachables|nextPageToken|status)$/

/** Every resource and list has its `kind`; what has none has at least a field that was asked for. */
function checked<A extends ApiName>(
  reply: unknown,
  { api, fields = "name" }: { readonly api: A; readonly fields: string | undefined },
  context: RequestContext,
): Replies[A] {
  const { kind, ...rest } = (typeof reply === "object" && reply !== null ? reply : {}) as Readonly<
    Record<string, unknown>
  >
  const isOurs = typeof kind === "string" ? kind.startsWith("compute#") : topOf(fields).some((name) => name in rest)
  if (isOurs) return reply as Replies[A]
  throw garbled(`the answer to ${api} is not Compute Engine's (it has no kind)`, context)
}

/** "items" and "kind" of "items(name,zone(url)),kind"; what is nested goes from the inside out. */
function topOf(fields: string): readonly string[] {
  const flat = fields.replace(/\([^()]*\)/g, "")
  if (flat !== fields) return topOf(flat)
  return fields
    .split(",")
    .map((name) => name.split("/")[0] ?? "")
    .filter((name) => !NO_SIGN.test(name))
}

function endpointOf({ apiEndpoint }: GcpOptions): object {
  if (apiEndpoint === undefined) return {}
  const { protocol, hostname, port } = new URL(apiEndpoint)
  const scheme = protocol.slice(0, -1)
  return { apiEndpoint: hostname, protocol: scheme, port: Number(port || (scheme === "http" ? 80 : 443)) }
}

interface FetchInit {
  readonly method: string
  readonly headers: Headers | Readonly<Record<string, string>>
  readonly body?: string
}

/** The parts of an auth object that the package's clients use. */
function authOf(identity: Connection["identity"], pending: PendingRequests, exchange: Exchange): object {
  const auth = {
    universeDomain: "googleapis.com",
    getClient: async () => auth,
    getUniverseDomain: async () => "googleapis.com",
    getProjectId: identity.project,
    // The package only checks that there are headers: the exchange adds the authorization.
    getRequestHeaders: async () => ({}),
    fetch: async (url: string, init: FetchInit) => {
      const { request: pendingRequest, headers } = pending.requestOf(init.headers)
      try {
        pendingRequest.reply = await fetched(url, { ...init, headers }, pendingRequest, exchange)
        return EMPTY
      } catch (error) {
        pendingRequest.failure = error
        throw error
      }
    },
  }
  return auth
}

async function fetched(
  url: string,
  init: FetchInit & { readonly headers: Readonly<Record<string, string>> },
  pendingRequest: PendingRequest,
  exchange: Exchange,
): Promise<unknown> {
  const { headers } = init
  // What has no body is sent as "" in quotes, which is a body, and none that the method has.
  const hasBody = init.method !== "GET" && init.method !== "DELETE" && init.body !== undefined && init.body !== '""'
  const body = hasBody ? init.body : undefined
  if (body !== undefined) checkNothingLost(pendingRequest.asked, body)
  const target = pendingRequest.fields === undefined ? url : withFields(url, `kind,${pendingRequest.fields}`)
  const { method } = init
  const { api, signal } = pendingRequest
  const reply = await exchange({ api, url: target, method, headers, signal, ...(body === undefined ? {} : { body }) })
  if (typeof reply.headers.date === "string") pendingRequest.date = reply.headers.date
  return jsonOf(reply)
}

/** A URL without parameters ends in "?", or has none. */
function withFields(url: string, fields: string): string {
  const joined = url.endsWith("?") ? url : `${url}${url.includes("?") ? "&" : "?"}`
  return `${joined}fields=${encodeURIComponent(fields)}`
}

/** The package drops fields that it does not know without a word: a misspelt override would simply not happen. */
function checkNothingLost(asked: JsonObject, body: string): void {
  const resource = Object.entries(asked).find(([key]) => key.endsWith("Resource"))?.[1]
  if (resource === undefined) return
  const lost = lostFrom(resource, JSON.parse(body) as unknown, "")
  if (lost.length === 0) return
  const message = `Compute Engine's client does not know ${lost.join(", ")}; check the spelling in gcp.overrides, or take a newer client (sdk)`
  throw new SpecError([{ option: "gcp.overrides", message }])
}

function lostFrom(asked: unknown, sent: unknown, path: string): readonly string[] {
  if (typeof asked !== "object" || asked === null) return []
  return Object.entries(asked).flatMap(([key, value]) => {
    const at = Array.isArray(asked) ? `${path}[${key}]` : `${path}${path === "" ? "" : "."}${key}`
    const there = (sent as Readonly<Record<string, unknown>> | undefined)?.[key]
    return there === undefined ? [at] : lostFrom(value, there, at)
  })
}
