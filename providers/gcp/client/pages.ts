import { TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { ApiName, Replies } from "./apis.js"
import type { Request, Send } from "./send.js"
import { PAGE } from "../limits.js"
import type { NativeWarning, Page } from "./native.js"

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

/** What says that something is missing; "no results" says only that there is nothing. */
export function isPartial(warning: NativeWarning | undefined): warning is NativeWarning {
  return warning?.code !== undefined && warning.code !== "NO_RESULTS_ON_PAGE"
}

/**
 * A list of one zone or region that says it is not whole is no answer.
 *
 * @throws TransientError, so that it is asked for again.
 */
export function refusePartial({ warning }: Page, what: string): void {
  if (!isPartial(warning)) return
  const message = `${what}: the list is not complete: ${warning.message ?? "no reason given"} (${warning.code})`
  throw new TransientError(message, { code: warning.code ?? "UNREACHABLE" })
}
