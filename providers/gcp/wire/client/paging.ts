import type { Json, JsonObject } from "../../../../src/provider.js"
import { parseTime } from "../../../../src/tables/times.js"
import { hexOf, link } from "../account.js"
import { filterOf } from "./filter.js"
import type { Asked } from "./handler.js"
import { invalid } from "./refusals.js"

/** "maxResults: acceptable values are 0 to 500, inclusive. (Default: 500)" */
const MOST = 500

interface Page {
  readonly items: readonly JsonObject[]
  readonly next: { readonly nextPageToken?: string }
}

/**
 * One page of what passes the request's filter. A token belongs to the request that it came from. What is not on the page
 * is written only where the filter must read it.
 */
export function pageOf<T>(
  { parameters }: Asked,
  all: readonly T[],
  write: (item: T) => JsonObject,
  sifted = false,
): Page {
  const { filter, maxResults = String(MOST), pageToken, orderBy } = parameters
  const limit = Number(maxResults)
  if (!(limit >= 0 && limit <= MOST)) throw invalid("maxResults", maxResults, "Must be between 0 and 500, inclusive.")
  const digest = hexOf(`${filter}/${orderBy}`, 16)
  const from = pageToken === undefined ? 0 : positionOf(pageToken, digest)
  const end = from + (limit || MOST)
  const token = Buffer.from(`${end}.${digest}`).toString("base64url")
  const next = (count: number) => (end < count ? { nextPageToken: token } : {})
  if (sifted) return { items: all.slice(from, end).map(write), next: next(all.length) }
  const found = ordered(all.map(write).filter(filterOf(filter).passes), orderBy)
  return { items: found.slice(from, end), next: next(found.length) }
}

function positionOf(token: string, digest: string): number {
  const [position = "", of] = Buffer.from(token, "base64url").toString().split(".")
  if (of === digest && /^\d+$/.test(position)) return Number(position)
  throw invalid("pageToken", token, "The page token is not valid.")
}

/** "Currently, only sorting by name or creationTimestamp desc is supported." */
function ordered(items: readonly JsonObject[], orderBy: string | undefined): readonly JsonObject[] {
  if (orderBy === undefined || orderBy === "name") return items
  if (orderBy !== "creationTimestamp desc")
    throw invalid("orderBy", orderBy, "Only name and creationTimestamp desc are supported.")
  const time = (item: JsonObject) => parseTime(String(item.creationTimestamp ?? item.insertTime)) ?? 0
  return [...items].sort((a, b) => time(b) - time(a))
}

/** A list as Compute Engine writes it; without items it has none of that name. */
export function listReply(asked: Asked, kind: string, path: string, page: Page): JsonObject {
  const { items, next } = page
  const shown: Readonly<Record<string, Json>> = items.length === 0 ? {} : { items }
  return {
    kind: `compute#${kind}`,
    id: `projects/${asked.project}/${path}`,
    ...shown,
    selfLink: link(`projects/${asked.project}/${path}`),
    ...next,
  }
}

/** Of things that are written already. */
export function plainPage(asked: Asked, all: readonly JsonObject[]): Page {
  return pageOf(asked, all, (item) => item)
}
