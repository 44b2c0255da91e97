/**
 * Pending requests: each keeps its state while it passes through the package's code, from its caller to our `fetch` and back. Each
 * request has a number in a header that is removed before it is sent. (An AsyncLocalStorage would do without, but on Node 20
 * every promise of the process pays for each such storage, for as long as the process lives: `async_hooks`.)
 */
import type { JsonObject } from "../../../src/provider.js"

export interface PendingRequest {
  readonly api: string
  readonly signal: AbortSignal
  readonly fields: string | undefined
  readonly asked: JsonObject
  reply?: unknown
  /** When it was answered, as the header Date has it. */
  date?: string | undefined
  failure?: unknown
}

/** Everything that is read of a `Headers` here. */
type GivenHeaders = Headers | Readonly<Record<string, string>>

const HEADER = "x-muster-request"

export class PendingRequests {
  readonly #under = new Map<string, PendingRequest>()
  #last = 0

  /** Sends a request that carries these headers; it is forgotten when it has come back. */
  async send(
    request: PendingRequest,
    send: (headers: Readonly<Record<string, string>>) => Promise<unknown> | undefined,
  ): Promise<void> {
    this.#last += 1
    const number = String(this.#last)
    this.#under.set(number, request)
    try {
      await send({ [HEADER]: number })
    } finally {
      this.#under.delete(number)
    }
  }

  /** Whose headers these are, and those of them that are Google's. */
  requestOf(given: GivenHeaders): {
    readonly request: PendingRequest
    readonly headers: Readonly<Record<string, string>>
  } {
    const { [HEADER]: number = "", ...headers } = Object.fromEntries(new Headers(given))
    const request = this.#under.get(number)
    if (request === undefined) throw new Error("a request that nobody sent")
    return { request, headers }
  }
}
