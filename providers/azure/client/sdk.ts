/** The SDK: loaded at its first use, and set to send one request for each call and never to retry. */
import { createRequire } from "node:module"
import { createSecureContext } from "node:tls"
import type { ComputeManagementClient, VirtualMachine } from "@azure/arm-compute"
import type { HttpClient, PipelinePolicy, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline"
import { loadClient } from "../../../src/client/package.js"
import { cloudOf, endpointOf, scopeOf } from "../clouds.js"
import type { AzureCredential, AzureOptions } from "../options.js"
import { tokenPolicy } from "./credentials.js"
import type { ArmReply } from "./errors.js"
import type { VmPlace } from "./ids.js"
import { IDENTITY, SDK } from "./packages.js"
import { tappedBy, type Tapped } from "./tapped.js"
import { transportOf } from "./transport.js"

type Sdk = typeof import("@azure/arm-compute")
type PipelineSdk = typeof import("@azure/core-rest-pipeline")

export interface ArmRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE"
  /** A path on ARM with its query, or a whole URL. */
  readonly path: string
  readonly body?: unknown
  /** Refused with 412 when it exists already. */
  readonly onlyNew?: true
  /** An etag: refused with 412 when it is not what has this etag any more. */
  readonly onlyAs?: string
}

/** What a GET of a VM adds to its model: its status, or the user data that it was made with. */
export type Expansion = "instanceView" | "userData"

/** How requests leave: the SDK's own methods where it has them, the client's pipeline for the rest of ARM. */
export interface Connection {
  arm(request: ArmRequest, signal: AbortSignal): Promise<ArmReply>
  /** Without the pipeline, and so without our token: for hosts that must not see it. */
  open(url: string, signal: AbortSignal): Promise<ArmReply>
  putVm(place: VmPlace, vm: VirtualMachine, signal: AbortSignal): Promise<ArmReply>
  getVm(place: VmPlace, expand: Expansion | undefined, signal: AbortSignal): Promise<ArmReply>
  /** @param isForced the guest is not given time to shut down. */
  deleteVm(place: VmPlace, isForced: boolean, signal: AbortSignal): Promise<ArmReply>
  /** What the SDK would send for a VM: what it does not know is missing there. */
  serialize(vm: VirtualMachine): Promise<unknown>
}

/** @param sdkName another version under an alias: for tests. @param tapped by whom its requests are followed. */
export function connect(options: AzureOptions, sdkName = SDK.name, tapped: Tapped = tappedBy(undefined)): Connection {
  const { sdk, pipeline } = loadSdk(sdkName)
  const credential = options.credential ?? defaultCredential(options)
  const tls = trustOf(options)
  // One for the SDK's methods and for the rest: each has sockets, and TLS sessions, of its own.
  const http = tapped.http((options.httpClient as HttpClient | undefined) ?? pipeline.createDefaultHttpClient())
  const client = new sdk.ComputeManagementClient(
    credential as never,
    options.subscriptionId,
    clientOptions(options, http, tls),
  )
  const endpoint = endpointOf(options)
  client.pipeline.removePolicy({ name: pipeline.bearerTokenAuthenticationPolicyName })
  client.pipeline.addPolicy(tokenPolicy(pipeline, credential, scopeOf(options)))
  client.pipeline.addPolicy(sharedTrust(endpoint, tls))
  // A transport of the user's own has its own ways.
  const transport = options.httpClient === undefined ? transportOf(endpoint, tls) : undefined
  if (transport !== undefined) {
    client.pipeline.removePolicy({ name: pipeline.proxyPolicyName })
    client.pipeline.addPolicy(transport.policy)
  }
  const requestOf = ({ method, path: url, body, onlyNew, onlyAs }: ArmRequest, signal: AbortSignal) => {
    const type = body === undefined ? {} : { "content-type": "application/json" }
    const isNew = onlyNew === undefined ? {} : { "if-none-match": "*" }
    const match = onlyAs === undefined ? isNew : { "if-match": onlyAs }
    const headers = pipeline.createHttpHeaders({ accept: "application/json", ...type, ...match })
    const json = body === undefined ? {} : { body: JSON.stringify(body) }
    const request = pipeline.createPipelineRequest({ url, method, abortSignal: signal, headers, ...json })
    // Other hosts show certificates that node trusts by itself.
    return Object.assign(request, tls === undefined || !url.startsWith(endpoint) ? {} : { tlsSettings: tls })
  }
  return {
    arm: (request, signal) => {
      const path = request.path.startsWith("https:") ? request.path : `${endpoint}${request.path}`
      return answered(client.pipeline.sendRequest(http, requestOf({ ...request, path }, signal)))
    },
    open: (url, signal) => {
      const request = requestOf({ method: "GET", path: url }, signal)
      return answered(http.sendRequest(transport === undefined ? request : transport.prepare(request)))
    },
    ...vmMethods(client),
    serialize: (vm) => serialize(sdk, options.subscriptionId, vm),
  }
}

/** A poller's first request is all that we want of it: one list shows what became of all VMs (see `list`). */
function vmMethods({ virtualMachines }: ComputeManagementClient): Pick<Connection, "putVm" | "getVm" | "deleteVm"> {
  return {
    putVm: ({ group, name }, vm, abortSignal) =>
      rawAnswerOf((onResponse) =>
        virtualMachines.createOrUpdate(group, name, vm, { ifNoneMatch: "*", abortSignal, onResponse }).submitted(),
      ),
    getVm: ({ group, name }, expand, abortSignal) =>
      rawAnswerOf((onResponse) =>
        virtualMachines.get(group, name, { abortSignal, onResponse, ...(expand === undefined ? {} : { expand }) }),
      ),
    deleteVm: ({ group, name }, forceDeletion, abortSignal) =>
      rawAnswerOf((onResponse) =>
        virtualMachines.delete(group, name, { forceDeletion, abortSignal, onResponse }).submitted(),
      ),
  }
}

interface RawResponse {
  readonly status: number
  readonly headers: PipelineResponse["headers"]
  readonly bodyAsText?: string | null
}

/** Runs a method of the SDK for its raw answer: its own errors have lost details and headers. */
async function rawAnswerOf(run: (onResponse: (raw: unknown) => void) => Promise<unknown>): Promise<ArmReply> {
  let raw: RawResponse | undefined
  try {
    await run((response) => {
      raw = response as RawResponse
    })
  } catch (error) {
    if (raw === undefined) throw error
  }
  if (raw === undefined) throw new Error("the SDK returned without an answer")
  return toReply(raw)
}

async function answered(sent: Promise<PipelineResponse>): Promise<ArmReply> {
  return toReply(await sent)
}

function toReply({ status, headers, bodyAsText }: RawResponse): ArmReply {
  return { status, headers: headers.toJSON(), body: parsed(bodyAsText ?? "") }
}

function parsed(text: string): unknown {
  // Most answers to a delete: no reason to try.
  if (text === "") return text
  try {
    const json = JSON.parse(text.replace(/^\uFEFF/, "")) as unknown
    return text.includes("null") ? withoutNulls(json) : json
  } catch {
    return text
  }
}

/**
 * What is not there may be left out or null (`"nextLink": null` in the examples of "Resource Skus - List"). Only a null
 * "value" stays: it is a list of nothing, and without it an answer is no list.
 */
function withoutNulls(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutNulls)
  if (typeof json !== "object" || json === null) return json
  const members = Object.entries(json).filter(([name, value]) => value !== null || name === "value")
  return Object.fromEntries(members.map(([name, value]) => [name, withoutNulls(value)]))
}

/** Through a client that sends nothing: the serializers themselves are not exported. */
async function serialize(sdk: Sdk, subscriptionId: string, vm: VirtualMachine): Promise<unknown> {
  let body: unknown
  const sendRequest = (request: PipelineRequest): Promise<PipelineResponse> => {
    body = parsed(typeof request.body === "string" ? request.body : "")
    return Promise.resolve({ request, status: 400, headers: request.headers, bodyAsText: "{}" })
  }
  const getToken = () => Promise.resolve({ token: "none", expiresOnTimestamp: Number.MAX_SAFE_INTEGER })
  const client = new sdk.ComputeManagementClient({ getToken }, subscriptionId, {
    httpClient: { sendRequest },
    retryOptions: { maxRetries: 0 },
  })
  await client.virtualMachines
    .createOrUpdate("group", "name", vm)
    .submitted()
    .catch(() => {})
  return body
}

function clientOptions(options: AzureOptions, httpClient: HttpClient, tls: ReturnType<typeof trustOf>) {
  return {
    endpoint: endpointOf(options),
    ...(tls === undefined ? {} : { tlsOptions: tls }),
    httpClient,
    // It would wait out any Retry-After without a word, 20 minutes too.
    retryOptions: { maxRetries: 0 },
  }
}

/** One object for all requests: the SDK keeps one agent, with its open sockets, for each. */
function trustOf({ ca }: AzureOptions): { readonly ca: string } | undefined {
  return ca === undefined ? undefined : { ca }
}

/**
 * Who is trusted is read once: node's agent does it again for each of a burst's 128 connections, which takes longer than
 * their handshakes ("tls.connect", option `secureContext`).
 */
function sharedTrust(endpoint: string, tls: ReturnType<typeof trustOf>): PipelinePolicy {
  const secureContext = createSecureContext(tls)
  return {
    name: "musterSharedTrust",
    sendRequest: (request, next) => {
      if (request.url.startsWith(endpoint)) request.requestOverrides = { ...request.requestOverrides, secureContext }
      return next(request)
    },
  }
}

/** Half the time of `import`; the pipeline is the SDK's own dependency, wherever it was installed. */
function loadSdk(name: string): { readonly sdk: Sdk; readonly pipeline: PipelineSdk } {
  return loadClient({ ...SDK, name }, (require) => {
    const pipeline = createRequire(require.resolve(name))("@azure/core-rest-pipeline") as PipelineSdk
    return { sdk: require(name) as Sdk, pipeline }
  })
}

/** @throws SpecError where "@azure/identity" is not installed. */
export function defaultCredential(options: AzureOptions): AzureCredential {
  const { authorityHost } = cloudOf(options)
  const load = (require: NodeJS.Require) => require(IDENTITY.name) as typeof import("@azure/identity")
  const { DefaultAzureCredential } = loadClient(IDENTITY, load)
  return new DefaultAzureCredential(authorityHost === undefined ? {} : { authorityHost })
}
