/** Tells a tap of every request that leaves for Azure, and of its answer: raw, and without what logs in by. */
import type { HttpClient, PipelineRequest, PipelineResponse } from "@azure/core-rest-pipeline"
import type { ReceivedAnswer, SentRequest, Tap } from "../../../src/provider.js"

export interface Tapped {
  /** The same transport, each of whose requests is told. */
  http(transport: HttpClient): HttpClient
  /** What `send` sends with the signal that it is given is told under this name. */
  named<T>(api: string, signal: AbortSignal, send: (signal: AbortSignal) => Promise<T>): Promise<T>
}

/** Without a tap nothing is kept, and nothing is between a request and its transport. */
const UNTAPPED: Tapped = { http: (transport) => transport, named: (_api, signal, send) => send(signal) }

export function tappedBy(tap: Tap | undefined): Tapped {
  if (tap === undefined) return UNTAPPED
  // The SDK's methods hand nothing of ours on to their requests but the signal. (With an AsyncLocalStorage, on Node 20 every
  // promise of the process would pay for it, for as long as the process lives: `async_hooks`.)
  const names = new WeakMap<object, string>()
  return {
    named: (api, signal, send) => {
      const own = AbortSignal.any([signal])
      names.set(own, api)
      return send(own)
    },
    http: (transport) => ({
      sendRequest: async (request) => {
        const tell = tap(nameOf(names, request), sentOf(request))
        try {
          const answer = await transport.sendRequest(request)
          tell(receivedOf(answer))
          return answer
        } catch (error) {
          tell()
          throw error
        }
      },
    }),
  }
}

function nameOf(names: WeakMap<object, string>, { abortSignal }: PipelineRequest): string {
  return (abortSignal && names.get(abortSignal)) ?? "unknown"
}

/** What logs in, and what a later request could log in with. */
const SECRET_HEADERS = new Set([
  "authorization",
  "x-ms-authorization-auxiliary",
  "proxy-authorization",
  "cookie",
  "set-cookie",
])

/** Of a shared access signature ("Grant limited access to data with shared access signatures"): with it anybody reads the console. */
const SIGNATURE = /\bsig=[^&"'\\\s]*/gi

/** The address of an operation is signed, with the certificate beside it: `t`, `c`, `s` and `h` in its query. */
const SIGNED = /([?&])(sig|[csht])=[^&"'\\\s]*/gi

function sentOf({ method, url, headers, body }: PipelineRequest): SentRequest {
  const text = typeof body === "string" ? body : ""
  return { method, url: url.replace(SIGNED, "$1$2=***"), headers: shownOf(headers), body: text }
}

function receivedOf({ status, headers, bodyAsText }: PipelineResponse): ReceivedAnswer {
  return { status, headers: shownOf(headers), body: (bodyAsText ?? "").replace(SIGNATURE, "sig=***") }
}

function shownOf(headers: PipelineRequest["headers"]): Readonly<Record<string, string>> {
  const named = Object.entries(headers.toJSON()).map(([name, value]) => [name.toLowerCase(), value] as const)
  const shown = named.filter(([name]) => !SECRET_HEADERS.has(name))
  return Object.fromEntries(shown.map(([name, value]) => [name, value.replace(SIGNED, "$1$2=***")]))
}
