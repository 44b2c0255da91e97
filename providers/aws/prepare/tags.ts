/** Tags as the API has them. Pure. */
import type { JsonObject } from "../../../src/provider.js"
import type { Tags } from "../../../src/tables/tag-rules.js"

/** As the API has them. */
export type TagList = readonly { readonly Key: string; readonly Value: string }[]

export function tagList(tags: Tags): TagList {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

/** The tags of the request for spot instances that a fleet makes: only its template can give them. */
export function spotRequestTags(tags: Tags, market: string): JsonObject {
  if (market !== "spot" || Object.keys(tags).length === 0) return {}
  return { TagSpecifications: [{ ResourceType: "spot-instances-request", Tags: tagList(tags) }] }
}
