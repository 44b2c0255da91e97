/**
 * Agents for Node's http and https that reach their targets as the environment's proxy variables say: through a CONNECT tunnel, or
 * directly. They are Node's own agents: pools, keep-alive and TLS sessions are theirs, and only the socket comes another way.
 */
import type * as Http from "node:http"
import type * as Https from "node:https"
import { type Duplex, PassThrough } from "node:stream"
import { AuthError, type MusterError, RejectedError, TransientError } from "../errors.js"
import { type Environment, type ProxyServer, proxyFor, type Target } from "./proxy.js"

export interface ProxyAgents {
  readonly httpAgent: Http.Agent
  readonly httpsAgent: Https.Agent
}

/** How long a proxy may take to open a tunnel. */
const CONNECT_MS = 20_000

/**
 * The agents of one client.
 *
 * @param options what Node's agents are given, such as `{ keepAlive: true, maxSockets: 256 }`; `ca` counts for targets.
 * @param environment where the variables are; `process.env` by default. It is read at each new connection.
 *
 * A request whose tunnel does not open fails before any of it was sent: with AuthError (the proxy wants a user), RejectedError (it
 * refuses the target), TransientError (it does not answer) or SpecError (the variable is no proxy's address).
 */
export function proxyAgents(options: Https.AgentOptions, environment: Environment = process.env): ProxyAgents {
  const httpAgent = new (process.getBuiltinModule("node:http").Agent)(options)
  const httpsAgent = new (process.getBuiltinModule("node:https").Agent)(options)
  tunnelling(httpAgent, { secure: false, environment })
  tunnelling(httpsAgent, { secure: true, environment })
  return { httpAgent, httpsAgent }
}

interface TunnelOptions {
  readonly secure: boolean
  readonly environment: Environment
}

function tunnelling(agent: Http.Agent, { secure, environment }: TunnelOptions): void {
  const direct = agent.createConnection.bind(agent)
  agent.createConnection = (options, created) => {
    const target = targetOf(options, secure)
    // Node looks at the error only.
    const fail = (error: Error) => created?.(error, new PassThrough())
    const proxy = attempt(() => proxyFor(target, environment), fail)
    if (proxy === "failed") return undefined
    if (proxy === undefined) return direct(options, created)
    const arrived = (socket: Duplex) => {
      // An https agent speaks TLS over the socket that it is given; to the other kind that socket is all.
      const through = { ...options, socket }
      created?.(null, secure ? (direct(through) ?? socket) : socket)
    }
    tunnel(proxy, target).then(arrived, fail)
    return undefined
  }
}

function attempt<T>(act: () => T, fail: (error: Error) => void): T | "failed" {
  try {
    return act()
  } catch (error) {
    fail(error as Error)
    return "failed"
  }
}

function targetOf({ host, port }: Http.ClientRequestArgs, secure: boolean): Target {
  return { secure, host: host ?? "localhost", port: Number(port ?? (secure ? 443 : 80)) }
}

/** Opens a tunnel: resolves with a socket that is connected to the target. */
function tunnel(proxy: ProxyServer, { host, port }: Target): Promise<Duplex> {
  const { request } =
    proxy.protocol === "https:" ? process.getBuiltinModule("node:https") : process.getBuiltinModule("node:http")
  const authority = `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`
  const authorization = proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }
  return new Promise((resolve, reject) => {
    const asking = request({
      method: "CONNECT",
      host: proxy.host,
      port: proxy.port,
      path: authority,
      headers: { host: authority, ...authorization },
      agent: false,
      timeout: CONNECT_MS,
    })
    asking.once("connect", (answer, socket, head) => {
      socket.setTimeout(0)
      if (answer.statusCode === 200) {
        if (head.length > 0) socket.unshift(head)
        resolve(socket)
        return
      }
      socket.destroy()
      reject(refused(proxy, authority, answer))
    })
    asking.once("timeout", () => asking.destroy(new Error(`no answer for ${CONNECT_MS / 1000} s`)))
    asking.once("error", (cause: NodeJS.ErrnoException) => reject(unreachable(proxy, authority, cause)))
    asking.end()
  })
}

function refused(
  proxy: ProxyServer,
  authority: string,
  { statusCode = 0, statusMessage = "" }: Http.IncomingMessage,
): MusterError {
  const message = `${proxy.name} answered ${`${statusCode} ${statusMessage}`.trim()} to a tunnel to ${authority}; nothing was sent`
  const code = `Proxy${statusCode}`
  if (statusCode === 407) {
    const remedy = "it wants a user: name one in the variable, http://user:password@proxy.example:3128"
    return new AuthError(`${message}; ${remedy}`, { code })
  }
  if (statusCode >= 500) return new TransientError(message, { code })
  return new RejectedError(`${message}; let the proxy allow it, or except it in NO_PROXY`, { code })
}

function unreachable(proxy: ProxyServer, authority: string, cause: NodeJS.ErrnoException): TransientError {
  const message = `${proxy.name}, through which ${authority} is reached, does not open a tunnel: ${cause.message}; nothing was sent`
  return new TransientError(`${message}; check the variable, or except the address in NO_PROXY`, {
    cause,
    ...(cause.code === undefined ? {} : { code: cause.code }),
  })
}
