/** The network tags of an instance: those that it was made with, until others were set. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { hexOf } from "../account.js"
import type { Properties } from "../client/messages.js"

const KIND = "network-tags"

export function networkTagsOf(world: World, { id, attributes }: WorldInstance): readonly string[] {
  const set = world.resources.get(KIND, id)?.attributes.items as readonly string[] | undefined
  return set ?? ((attributes.properties ?? {}) as Properties).tags?.items ?? []
}

export function setNetworkTags(world: World, id: string, items: readonly string[]): void {
  world.resources.put({ kind: KIND, id, tags: {}, attributes: { items }, goesWith: id })
}

/** "Changes after every request to modify or update tags." */
export function tagFingerprintOf(id: string, items: readonly string[]): string {
  return hexOf(`tags/${id}/${items.join()}`, 12)
}
