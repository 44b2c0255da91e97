/** Former head: what was prepared for workers of an engine tells them where its head is. */
import type { Fleet } from "../state/context.js"
import { headAddressOf } from "../state/engine/head.js"

/** Where another head has taken its place, it is prepared anew. */
export function forgetFormerHead(fleet: Fleet): void {
  const address = headAddressOf(fleet)
  for (const [key, told] of fleet.engine?.told ?? []) {
    if (address === undefined || told === address) continue
    fleet.prepared.delete(key)
    fleet.engine?.told.delete(key)
  }
}
