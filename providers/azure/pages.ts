import { TransientError } from "../../src/errors.js"
import type { Calls } from "../../src/provider.js"
import type { Api } from "./limits.js"
import { endpointOf } from "./options.js"
import { arm, type Azure, type Sending } from "./send.js"

/**
 * All items of a list, each page a request of its own; one that cannot be read ends it with its error. The SDK's own
 * iterators give pages after the first no signal, so that they could not be ended.
 *
 * @param sending.accepts a status that means "there is none", with which the list ends.
 */
export async function itemsOf<T>(azure: Azure, calls: Calls, api: Api, path: string, sending: Sending): Promise<T[]> {
  const items: T[] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const reply = await arm(azure, calls, api, { method: "GET", path: next }, { ...sending, member: "value" })
    if (reply.status > 299) return []
    const { value, nextLink } = reply.body as { readonly value: readonly T[]; readonly nextLink?: string }
    for (const item of value) items.push(item)
    if (nextLink !== undefined && nextLink === next) {
      throw new TransientError(`${sending.what}: Azure gave the same page twice; the list cannot be completed`)
    }
    next = nextLink || undefined
    checkHost(azure, next, sending.what)
  }
  return items
}

/** A page's link carries our token to whatever it names. */
function checkHost(azure: Azure, next: string | undefined, what: string): void {
  if (next === undefined || new URL(next).origin === new URL(endpointOf(azure.options)).origin) return
  throw new TransientError(
    `${what}: the next page is said to be at ${new URL(next).origin}, where no token of ours goes`,
  )
}
