/**
 * A Resource Manager that answers what a test has written down, over HTTPS and through the real SDK: for answers that Azure
 * documents and a world that behaves never gives.
 */
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { afterEach, expect } from "vitest"
import { adapterOf } from "../../../providers/azure/adapter.js"
import { parseAzureOptions } from "../../../providers/azure/options-check.js"
import type { AzureOptions } from "../../../providers/azure/options.js"
import { makeCertificate } from "../../../providers/azure/wire/client/certificate.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import { launchTags } from "../../../src/fleet/tags.js"
import type { Calls, Instance, LaunchCall, Provider } from "../../../src/provider.js"
import { CREDENTIAL, OWNER, SUBSCRIPTION } from "./cloud.js"

export interface Asked {
  readonly method: string
  /** As it was sent, without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
}

export interface Said {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent as a page, everything else as JSON. */
  readonly body?: unknown
}

export interface Scripted {
  readonly url: string
  readonly provider: Provider
  readonly calls: Calls
  readonly clock: VirtualClock
  readonly asked: readonly Asked[]
}

const NOT_FOUND: Said = { status: 404, body: { error: { code: "ResourceNotFound", message: "not found" } } }

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** @param answer what it does not know is not found. */
export async function scripted(
  answer: (asked: Asked, url: string) => Said | undefined,
  { sdk, ...options }: Partial<AzureOptions> & { readonly sdk?: string } = {},
): Promise<Scripted> {
  const { key, cert } = makeCertificate()
  const asked: Asked[] = []
  let url = ""
  const server = createServer({ key, cert }, (request, response) => {
    let text = ""
    request.setEncoding("utf8")
    request.on("data", (chunk: string) => {
      text += chunk
    })
    request.on("end", () => {
      const { pathname, searchParams } = new URL(request.url ?? "/", url)
      const headers = request.headers as Asked["headers"]
      const body = text === "" ? undefined : (JSON.parse(text) as unknown)
      const one = { method: request.method ?? "", path: pathname, query: searchParams, headers, body }
      asked.push(one)
      const said = answer(one, url) ?? NOT_FOUND
      const isPage = typeof said.body === "string"
      const type = { "content-type": isPage ? "text/html" : "application/json; charset=utf-8" }
      response.writeHead(said.status ?? 200, { "x-ms-request-id": "r-1", ...type, ...said.headers })
      response.end(isPage ? said.body : said.body === undefined ? undefined : JSON.stringify(said.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  open.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const given = { subscriptionId: SUBSCRIPTION, location: "westeurope", credential: CREDENTIAL, ca: cert }
  const parsed = parseAzureOptions({ ...given, endpoint: url, pricesEndpoint: url, ...options })
  const clock = new VirtualClock({ seed: 7 })
  return { url, provider: adapterOf(parsed, sdk), calls: bareCalls({ clock }), clock, asked }
}

export const GROUP_PATH = `/subscriptions/${SUBSCRIPTION}/resourceGroups/workers`
export const VMS_PATH = `${GROUP_PATH}/providers/Microsoft.Compute/virtualMachines`

/** A launch of one VM, as `split` makes it, cut down to what the adapter reads. */
export function launchOf(market: "on-demand" | "spot" = "on-demand", name = "default-1"): LaunchCall {
  const offer = {
    provider: "azure",
    region: "westeurope",
    zone: "1",
    instanceType: "Standard_D2s_v5",
    family: "standardDSv5Family",
    arch: "x86_64",
    market,
  } as const
  const vm = { location: "westeurope", tags: { ...launchTags(OWNER, "default", TOKEN) } }
  const body = { group: "workers", name, vm }
  return {
    api: "VirtualMachines_CreateOrUpdate",
    group: "default",
    offers: [offer],
    count: 1,
    token: TOKEN,
    body,
    cost: {},
  }
}

const TOKEN = "0123456789abcdef0123456789abcdef"

/** A VM of ours in REST's words; `properties` are added to the least that one has. */
export function vmOf(name: string, properties: object = {}, rest: object = {}): object {
  const tags = launchTags(OWNER, "default", TOKEN)
  return { id: `${VMS_PATH}/${name}`, name, location: "westeurope", tags, properties, ...rest }
}

export function listIn({ provider, calls }: Scripted): Promise<readonly Instance[]> {
  return provider.list({ uid: OWNER.uid }, calls)
}

/** A group of the user's own, in which nothing has to be claimed. */
export const GIVEN = { resourceGroup: "workers" } as const

export function refusal(status: number, code: string, message: string, rest: object = {}): Said {
  return { status, body: { error: { code, message, ...rest } } }
}

export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => expect.unreachable("nothing was thrown"),
    (error: Error) => error,
  )
}
