/**
 * The one way to Google. The package's clients build requests (routes, field names, encodings); everything else is here,
 * because it cannot be left to them: 6.x ignores its own time limits, each version gives errors another shape and 7.x
 * loses parts of them, missing credentials end the process, partial lists look complete, and an answer that does not
 * decode never settles. They take their `fetch` from the `auth` object that they are given: ours adds the token, obeys the
 * attempt's signal, reads the answer, and keeps errors as they came. They are handed an empty message to decode.
 */
import { AsyncLocalStorage } from "node:async_hooks"
import { SpecError } from "../../src/errors.js"
import type { Calls, Cost, JsonObject } from "../../src/provider.js"
import { type Identity, identityOf } from "./credentials.js"
import { type Doing, garbled, HttpFailure, toMusterError } from "./errors.js"
import { type Exchange, exchanger } from "./http.js"
import type {
  AggregatedPage,
  NativeImage,
  NativeInstance,
  NativeMachineType,
  NativeOperation,
  NativeRegion,
  PageOf,
} from "./native.js"
import type { GcpOptions } from "./options.js"
import { type ClientName, loadSdk, type MakeClient, type SdkClient } from "./sdk.js"

interface Api {
  readonly client: ClientName
  readonly method: string
  readonly cost: Cost
}

/** What each request draws on: see `limits.ts`. */
const APIS = {
  "instances.bulkInsert": { client: "InstancesClient", method: "bulkInsert", cost: { writes: 1 } },
  "regionInstances.bulkInsert": { client: "RegionInstancesClient", method: "bulkInsert", cost: { writes: 1 } },
  "instances.delete": { client: "InstancesClient", method: "delete", cost: { writes: 1, deletions: 1 } },
  "instances.list": { client: "InstancesClient", method: "list", cost: { reads: 1 } },
  "instances.aggregatedList": { client: "InstancesClient", method: "aggregatedList", cost: { "heavy-global": 1 } },
  "zoneOperations.wait": { client: "ZoneOperationsClient", method: "wait", cost: { heavy: 1 } },
  "regionOperations.wait": { client: "RegionOperationsClient", method: "wait", cost: { heavy: 1 } },
  "zoneOperations.list": { client: "ZoneOperationsClient", method: "list", cost: { reads: 1 } },
  "regionOperations.list": { client: "RegionOperationsClient", method: "list", cost: { reads: 1 } },
  "machineTypes.list": { client: "MachineTypesClient", method: "list", cost: { reads: 1 } },
  "regions.get": { client: "RegionsClient", method: "get", cost: { reads: 1 } },
  "images.getFromFamily": { client: "ImagesClient", method: "getFromFamily", cost: { reads: 1 } },
} as const satisfies Readonly<Record<string, Api>>

export type ApiName = keyof typeof APIS

export interface Replies {
  readonly "instances.bulkInsert": NativeOperation
  readonly "regionInstances.bulkInsert": NativeOperation
  readonly "instances.delete": NativeOperation
  readonly "instances.list": PageOf<NativeInstance>
  readonly "instances.aggregatedList": AggregatedPage
  readonly "zoneOperations.wait": NativeOperation
  readonly "regionOperations.wait": NativeOperation
  readonly "zoneOperations.list": PageOf<NativeOperation>
  readonly "regionOperations.list": PageOf<NativeOperation>
  readonly "machineTypes.list": PageOf<NativeMachineType>
  readonly "regions.get": NativeRegion
  readonly "images.getFromFamily": NativeImage
}

export interface Request {
  readonly what: string
  /** The request message, without its project where it is the cluster's own. */
  readonly message: JsonObject
  /** Partial response ("Performance tips"): a full instance is 3 KB, what we read of it 200 bytes. `kind` is always read. */
  readonly fields?: string
  /** In place of the api's own cost. */
  readonly cost?: Cost
  readonly offer?: Doing["offer"]
}

/** Sends one request with everything around it; all verbs go through this. */
export type Send = <A extends ApiName>(calls: Calls, api: A, request: Request) => Promise<Replies[A]>

/** What travels with a request through the package's code to our `fetch`, and back. */
interface Travel {
  readonly signal: AbortSignal
  readonly fields: string | undefined
  readonly asked: JsonObject
  reply?: unknown
  failure?: unknown
}

/** gax decodes what `fetch` returns; what we read has been read by then. */
const EMPTY = { ok: true, status: 200, arrayBuffer: async () => new TextEncoder().encode("{}").buffer }

/** We limit and retry; what these leave to the package is none of either (its own limit is ten minutes). */
const CALL_OPTIONS = { autoPaginate: false, retry: { retryCodes: [] }, maxRetries: 0 }

/** The connection of one provider object, made at its first request. */
export function sender(options: GcpOptions): Send {
  const identity = identityOf(options)
  const travels = new AsyncLocalStorage<Travel>()
  const clients = new Map<ClientName, Promise<SdkClient>>()
  let loading: Promise<MakeClient> | undefined
  const auth = authOf(identity, travels, exchanger())
  const make = async (name: ClientName) => {
    // A failure to load is not kept: what is missing may be installed, and the next request looks again.
    loading ??= loadSdk(options.sdk).catch((error: unknown) => {
      loading = undefined
      throw error
    })
    const client = (await loading)(name, { ...endpointOf(options), auth })
    await client.initialize()
    return client
  }
  const clientOf = (name: ClientName) => {
    const client = clients.get(name) ?? make(name)
    clients.set(name, client)
    client.catch(() => clients.delete(name))
    return client
  }
  const where = {
    region: options.region,
    ...(options.apiEndpoint === undefined ? {} : { endpoint: options.apiEndpoint }),
  }
  return (calls, api, { what, message, fields, cost, offer }) => {
    const { client, method, cost: usual } = APIS[api]
    return calls.send(api, cost ?? usual, async ({ signal }) => {
      const doing: Doing = { what, ...where, now: calls.now, ...(offer === undefined ? {} : { offer }) }
      const travel: Travel = { signal, fields, asked: message }
      try {
        const [sdk, project] = await Promise.all([clientOf(client), identity.project()])
        await travels.run(travel, async () => sdk.innerApiCalls[method]?.({ project, ...message }, CALL_OPTIONS))
        return checked(travel.reply, api, doing)
      } catch (error) {
        if (signal.aborted) throw signal.reason
        throw toMusterError(travel.failure ?? error, doing)
      }
    })
  }
}

function checked<A extends ApiName>(reply: unknown, api: A, doing: Doing): Replies[A] {
  const { kind } = (reply ?? {}) as { readonly kind?: unknown }
  if (typeof kind === "string" && kind.startsWith("compute#")) return reply as Replies[A]
  throw garbled(`the answer to ${api} is not Compute Engine's (it has no kind)`, doing)
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
function authOf(identity: Identity, travels: AsyncLocalStorage<Travel>, exchange: Exchange): object {
  const auth = {
    universeDomain: "googleapis.com",
    getClient: async () => auth,
    getUniverseDomain: async () => "googleapis.com",
    getProjectId: identity.project,
    getRequestHeaders: identity.headers,
    fetch: async (url: string, init: FetchInit) => {
      const travel = travels.getStore()
      if (travel === undefined) throw new Error("a request that nobody sent")
      try {
        travel.reply = await fetched(url, init, travel, identity, exchange)
        return EMPTY
      } catch (error) {
        travel.failure = error
        throw error
      }
    },
  }
  return auth
}

async function fetched(
  url: string,
  init: FetchInit,
  travel: Travel,
  identity: Identity,
  exchange: Exchange,
): Promise<unknown> {
  const given = init.headers instanceof Headers ? Object.fromEntries(init.headers) : init.headers
  const headers = { ...given, ...(await identity.headers(url)) }
  const body = init.method === "GET" || init.method === "DELETE" ? undefined : init.body
  if (body !== undefined) checkNothingLost(travel.asked, body)
  const target = travel.fields === undefined ? url : `${url}&fields=${encodeURIComponent(`kind,${travel.fields}`)}`
  const { method } = init
  const reply = await exchange({
    url: target,
    method,
    headers,
    signal: travel.signal,
    ...(body === undefined ? {} : { body }),
  })
  if (reply.status < 200 || reply.status > 299) throw new HttpFailure(reply)
  try {
    return JSON.parse(reply.body)
  } catch {
    throw new HttpFailure(reply)
  }
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
