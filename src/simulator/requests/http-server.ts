/**
 * What every wire's HTTP server does around its protocol: it reads a request whole, dates the answer, corrupts it where
 * the world's script asks for that, and detects a disconnected caller. Loaded by wires only.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { WorldError } from "./world-error.js"

/** A request, read whole. */
export interface HttpRequest {
  readonly method: string
  /** The path with its query, as it was sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: IncomingMessage["headers"]
  readonly text: string
}

export interface HttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** Sent in whole seconds, rounded up, unless the headers have a Retry-After themselves. */
  readonly retryAfterMs?: number
}

/** One request and what a protocol makes of it. */
export interface HttpExchange {
  /** @param signal aborted when the caller has disconnected. */
  answer(signal: AbortSignal): Promise<HttpReply>
  /** The answer to a request that has failed. */
  refuse(error: unknown): HttpReply
  /** The answer that breaks off half way. @param reply what the world was about to answer. */
  whole(reply: unknown): Required<Pick<HttpReply, "headers" | "body">>
}

export interface HttpProtocol {
  /** The moment that answers are dated with, as HTTP's Date header has it. */
  date(): string
  begin(request: HttpRequest): HttpExchange
}

/** What a server calls for each request. */
export function listenerOf(protocol: HttpProtocol): RequestListener {
  return (request, response) => {
    serve(protocol, request, response).catch((error: unknown) => response.destroy(error as Error))
  }
}

async function serve(protocol: HttpProtocol, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const disconnected = new AbortController()
  response.once("close", () => {
    if (!response.writableFinished) disconnected.abort(new Error("the caller has gone"))
  })
  // By it an SDK notices that its machine's clock is wrong.
  response.setHeader("date", protocol.date())
  const exchange = protocol.begin(await read(request))
  try {
    send(response, await exchange.answer(disconnected.signal))
  } catch (error) {
    if (disconnected.signal.aborted) return
    if (error instanceof WorldError && spoil(error, response, exchange)) return
    send(response, exchange.refuse(error))
  }
}

async function read(request: IncomingMessage): Promise<HttpRequest> {
  const { method = "GET", url: target = "/", headers } = request
  let text = ""
  request.setEncoding("utf8")
  for await (const chunk of request) text += chunk as string
  return { method, target, headers, text }
}

function send(response: ServerResponse, { status, headers, body, retryAfterMs }: HttpReply): void {
  const retry = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) }
  response.writeHead(status, { ...retry, ...headers })
  response.end(body)
}

/** A login page of some proxy. As XML it is well formed, which is what makes it dangerous. */
const LOGIN_PAGE =
  "<html><head><title>Sign in</title></head><body><p>Please sign in to use this network.</p></body></html>"

/** Sends an answer that does not arrive whole; false when the error is a refusal with an answer. */
function spoil(error: WorldError, response: ServerResponse, exchange: HttpExchange): boolean {
  switch (error.kind) {
    case "lost":
      response.destroy()
      return true
    case "cut": {
      const { headers, body } = exchange.whole(error.reply)
      const bytes = Buffer.from(body)
      response.writeHead(200, { ...headers, "content-length": String(bytes.length) })
      response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
      return true
    }
    case "garbled":
      response.writeHead(200, { "content-type": "text/html" })
      response.end(LOGIN_PAGE)
      return true
    default:
      return false
  }
}

export interface Listening {
  /** Without a slash at its end. */
  readonly url: string
  /** Ends all connections, also those with a request under way. */
  close(): Promise<void>
}

/** Longer than any pause between two polls, so that no request meets a connection that is just being closed. */
const KEEP_ALIVE_MS = 60_000

/** @param where `protocol`: "http" by default; `host`: "127.0.0.1" by default; `port`: any free one by default. */
export async function listen(
  server: Server,
  where: { readonly protocol?: string; readonly host?: string; readonly port?: number } = {},
): Promise<Listening> {
  const { protocol = "http", host = "127.0.0.1", port = 0 } = where
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve))
  server.keepAliveTimeout = KEEP_ALIVE_MS
  const { port: listening } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `${protocol}://${host}:${listening}`, close }
}
