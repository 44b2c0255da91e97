import { TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { ApiName, Replies } from "./apis.js"
import type { Request, Send } from "./send.js"
import { PAGE } from "../limits.js"
import type { Page } from "./native.js"

/** Requests that answer in pages. */
type Paged = Extract<ApiName, `${string}.list` | `${string}.aggregatedList`>

/** Every page of an answer, each a request of its own. One that cannot be read, or is not complete, ends it with an error. */
export async function* pages<A extends Paged>(
  send: Send,
  calls: Calls,
  api: A,
  request: Request,
): AsyncGenerator<Replies[A]> {
  let pageToken: string | undefined
  do {
    const message = { ...request.message, maxResults: PAGE, ...(pageToken === undefined ? {} : { pageToken }) }
    const page: Replies[A] = await send(calls, api, { ...request, message })
    yield page
    const { nextPageToken } = page as Page
    if (pageToken !== undefined && nextPageToken === pageToken) {
      throw new TransientError(`${request.what}: Compute Engine gave the same page twice; the list cannot be completed`)
    }
    pageToken = nextPageToken || undefined
  } while (pageToken !== undefined)
}
