/** Tags as the API has them. Pure. */
import { holderTagOf, TAG } from "../../../src/fleet/tags.js"
import type { JsonObject, Owner } from "../../../src/provider.js"
import type { Tags } from "../../../src/tables/tag-rules.js"

/** As the API has them. */
export type TagList = readonly { readonly Key: string; readonly Value: string }[]

export function tagList(tags: Tags): TagList {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

/** By these the set-up of a cluster is found. */
export function ownerTags(of: Owner): Tags {
  const { cluster, uid, owner, generation, deadline } = of
  return {
    [TAG.cluster]: cluster,
    [TAG.uid]: uid,
    [TAG.owner]: owner,
    [TAG.generation]: String(generation),
    [TAG.deadline]: deadline,
    ...holderTagOf(of),
  }
}

/** The tags of the request for spot instances that a fleet makes: only its template can give them. */
export function spotRequestTags(tags: Tags, market: string): JsonObject {
  if (market !== "spot" || Object.keys(tags).length === 0) return {}
  return { TagSpecifications: [{ ResourceType: "spot-instances-request", Tags: tagList(tags) }] }
}
