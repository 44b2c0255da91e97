/** A proxy as organisations have them, and TLS in front of a double, under the names of the real services. */
import { createServer, type IncomingMessage, type RequestListener, request } from "node:http"
import { createServer as createTlsServer } from "node:https"
import { readFileSync } from "node:fs"
import { type AddressInfo, connect, type Server, type Socket } from "node:net"
import { fileURLToPath } from "node:url"

/** Its own authority, for the names of all clouds and for this machine; for NODE_EXTRA_CA_CERTS. */
export const CERTIFICATE = fileURLToPath(new URL("tls/certificate.pem", import.meta.url))
export const AUTHORITY = readFileSync(CERTIFICATE, "utf8")
const TLS = { cert: AUTHORITY, key: readFileSync(new URL("tls/key.pem", import.meta.url), "utf8") }

export interface Listening {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export interface TestProxy extends Listening {
  /** The authorities of all CONNECT requests, in order: "ec2.us-east-1.amazonaws.com:443". */
  readonly asked: readonly string[]
}

export interface ProxyOptions {
  /** The port on this machine to which every tunnel leads, whatever its name says. */
  readonly to: number
  /** "user:password", which it wants to be told. */
  readonly user?: string
  /** What it answers to every tunnel instead of opening it; 0: nothing at all, it hangs up. */
  readonly refusal?: number
}

/** A CONNECT proxy on loopback: it opens every tunnel to one port of this machine, so that nothing leaves it. */
export async function connectProxy({ to, user, refusal }: ProxyOptions): Promise<TestProxy> {
  const asked: string[] = []
  const server = createServer((_request, response) => response.writeHead(400).end("only tunnels"))
  server.on("connect", (asking: IncomingMessage, socket: Socket) => {
    asked.push(asking.url ?? "")
    if (refusal === 0) {
      socket.destroy()
      return
    }
    const wanted = user === undefined ? undefined : `Basic ${Buffer.from(user).toString("base64")}`
    const isKnown = wanted === undefined || asking.headers["proxy-authorization"] === wanted
    if (refusal !== undefined || !isKnown) {
      socket.end(`HTTP/1.1 ${refusal ?? 407} Refused\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const target = connect(to, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      target.pipe(socket).pipe(target)
    })
    const end = () => {
      socket.destroy()
      target.destroy()
    }
    socket.on("error", end).on("close", end)
    target.on("error", end).on("close", end)
  })
  return { ...(await listen(server, "http")), asked }
}

/** The same over TLS; the names that it has a certificate for are those of the clouds. */
export function overTls(listener: RequestListener): Promise<Listening> {
  return listen(createTlsServer(TLS, listener), "https")
}

/** Passes a request on to a double over plain http, as it is but for TLS. */
export function passTo(url: string): RequestListener {
  return (asked, response) => {
    const { method, headers, url: path } = asked
    const passed = request(new URL(path ?? "/", url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    passed.on("error", () => response.destroy())
    asked.pipe(passed)
  }
}

async function listen(server: Server, scheme: string): Promise<Listening> {
  const open = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    open.add(socket)
    socket.once("close", () => open.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
  return { url: `${scheme}://127.0.0.1:${port}`, port, close }
}
