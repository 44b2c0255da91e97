/**
 * One HTTP request and its whole answer, through the environment's proxy where it names one. The signal ends it; nothing here
 * retries.
 */
import { type IncomingMessage, request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { proxyAgents } from "../../../src/client/tunnel.js"

/** When an idle connection is first probed. */
const IDLE_MS = 60_000

/** How many are open at once is for the buckets to say, which count requests and not sockets. */
const POOL = { keepAlive: true, keepAliveMsecs: IDLE_MS }

export interface HttpRequest {
  /** The name that `calls.send` has for it. */
  readonly api?: string
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** The package leaves it out, and Google asks every caller to say what it is ("System parameters", User-Agent). */
const AGENT = { "user-agent": "muster" }

export type Exchange = (request: HttpRequest) => Promise<HttpReply>

/** Sockets of one connection, kept open between requests. */
export function exchanger(): Exchange {
  const { httpAgent, httpsAgent } = proxyAgents(POOL)
  return (request) =>
    new Promise((resolve, reject) => {
      const { url, method, headers, body, signal } = request
      const options = { method, headers: { ...AGENT, ...headers, ...lengthOf(body) }, signal }
      const outgoing = url.startsWith("http:")
        ? httpRequest(url, { ...options, agent: httpAgent })
        : httpsRequest(url, { ...options, agent: httpsAgent })
      outgoing.once("error", reject)
      outgoing.once("response", (incoming) => void read(incoming).then(resolve, reject))
      outgoing.end(body)
    })
}

function lengthOf(body: string | undefined): Record<string, string> {
  return body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }
}

async function read(incoming: IncomingMessage): Promise<HttpReply> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  // A body that broke off is an error of the stream, except where its length was not announced.
  if (!incoming.complete) throw new Error("the answer broke off")
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString() }
}
