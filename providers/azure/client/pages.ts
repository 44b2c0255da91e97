import { TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import type { Api } from "../limits.js"
import { endpointOf } from "../clouds.js"
import { arm, type Azure, type RequestInfo } from "./send.js"

/**
 * All items of a list, each page a request of its own; one that cannot be read ends it with its error. The SDK's own
 * iterators give pages after the first no signal, so that they could not be ended.
 *
 * @param info.accepts a status that means "there is none", with which the list ends.
 */
export async function itemsOf<T>(azure: Azure, calls: Calls, api: Api, path: string, info: RequestInfo): Promise<T[]> {
  const items: T[] = []
  let next: string | undefined = path
  while (next !== undefined) {
    const reply = await arm(azure, calls, api, { method: "GET", path: next }, { ...info, member: "value" })
    if (reply.status > 299) return []
    const { value, nextLink } = reply.body as { readonly value: readonly T[] | null; readonly nextLink?: string }
    if (value !== null && !Array.isArray(value)) throw new TransientError(`${info.what}: the answer is no list`)
    for (const item of value ?? []) items.push(item as T)
    const following = nextLink === undefined || nextLink === "" ? undefined : linkOf(azure, nextLink, info.what)
    if (following !== undefined && following === next) {
      throw new TransientError(`${info.what}: Azure gave the same page twice; the list cannot be completed`)
    }
    next = following
  }
  return items
}

/**
 * The address of the next page, as URLs are written ("HTTPS://Management.Azure.com:443" is the same host). Its request carries
 * our token, so it goes to Resource Manager and nowhere else.
 */
function linkOf(azure: Azure, nextLink: string, what: string): string {
  const endpoint = endpointOf(azure.options)
  const next = URL.canParse(nextLink, endpoint) ? new URL(nextLink, endpoint) : undefined
  if (next !== undefined && isOfArm(azure, next.href)) return next.href
  const where = next === undefined ? JSON.stringify(nextLink) : next.origin
  throw new TransientError(`${what}: the next page is said to be at ${where}, where no token of ours goes`)
}

/** Whether our token may go there: to Resource Manager, and nowhere else. */
export function isOfArm({ options }: Azure, url: string): boolean {
  return URL.canParse(url) && new URL(url).origin === new URL(endpointOf(options)).origin
}
