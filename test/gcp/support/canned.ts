/** A server on a loopback port that answers what a test says, and what it was asked. The real client talks to it. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http"
import type { AddressInfo } from "node:net"
import { afterEach } from "vitest"
import { type GcpOptions, gcp } from "../../../providers/gcp/index.js"
import { systemClock } from "../../../src/calls/clock.js"
import { bareCalls } from "../../../src/calls/send.js"
import type { Calls, Instance, LaunchCall, Offer, Provider } from "../../../src/provider.js"

export interface Canned {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or the text itself. */
  readonly body: unknown
}

export interface CannedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface CannedCloud {
  readonly provider: Provider
  readonly apiEndpoint: string
  readonly calls: Calls
  readonly requests: readonly CannedRequest[]
  answer: (request: CannedRequest) => Canned
}

const open: Server[] = []

afterEach(() => {
  for (const server of open.splice(0)) server.close().closeAllConnections()
})

export const ZONES = ["us-central1-a", "us-central1-b", "us-central1-f"] as const

export async function canned(body: unknown = {}, options: Partial<GcpOptions> = {}): Promise<CannedCloud> {
  const requests: CannedRequest[] = []
  const reply = async (request: IncomingMessage, response: ServerResponse) => {
    let text = ""
    for await (const chunk of request) text += String(chunk)
    const { method = "", url = "/", headers } = request
    const asked = { method, url: new URL(url, "http://canned"), headers, body: text }
    requests.push(asked)
    const { status = 200, headers: more, body: said } = cloud.answer(asked)
    response.writeHead(status, {
      "content-type": typeof said === "string" ? "text/html" : "application/json",
      ...more,
    })
    response.end(typeof said === "string" ? said : JSON.stringify(said))
  }
  const server = createServer((request, response) => void reply(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))
  open.push(server)
  const apiEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const common = { region: "us-central1", project: "muster-test", zones: [...ZONES], apiEndpoint }
  const cloud: CannedCloud = {
    provider: gcp({ ...common, ...options }),
    apiEndpoint,
    calls: bareCalls({ clock: systemClock }),
    requests,
    answer: () => ({ body }),
  }
  return cloud
}

export function offer(changes: Partial<Offer> = {}): Offer {
  const pool = { provider: "gcp", region: "us-central1", zone: "us-central1-a", instanceType: "n2-standard-4" } as const
  return { ...pool, market: "on-demand", family: "n2", arch: "x86_64", ...changes }
}

/** One to a zone, or with several offers to the region. */
export function launchCall(offers: readonly Offer[] = [offer()], count = 2): LaunchCall {
  const [first] = offers
  return {
    api: offers.length === 1 ? "instances.bulkInsert" : "regionInstances.bulkInsert",
    ...(offers.length === 1 && first !== undefined ? { zone: first.zone } : {}),
    group: "default",
    offers,
    count,
    token: "0123456789abcdef0123456789abcdef",
    names: Array.from({ length: count }, (_, index) => `worker-${index}`),
    body: { count: String(count), instanceProperties: { labels: {} } },
    cost: { writes: 1, bulk: 1, creating: count },
  }
}

export function instance(name = "worker-0"): Instance {
  const { provider, region, zone, instanceType, market } = offer()
  return {
    id: `${zone}/${name}`,
    name,
    state: "running",
    provider,
    region,
    zone,
    instanceType,
    market,
    launchedAt: 0,
    tags: {},
  }
}
