/** Bill: what a world would charge, from its own truth. What a cluster estimates is compared with it. */
import { TAG } from "../fleet/tags.js"
import type { World } from "./world.js"

export interface WorldBill {
  /** USD of everything that ever ran, those without a price left out. */
  readonly usd: number
  /** USD by the group in the instances' tags. */
  readonly byGroup: Readonly<Record<string, number>>
  /** For how long instances ran, summed; what is billed at least is not in it. */
  readonly seconds: number
  readonly unpriced: number
}

/**
 * From running until it leaves, each second, at the price of what it is.
 *
 * @param leastSeconds what an instance is billed for at least, once it has run (EC2: 60).
 */
export function billOf(world: World, leastSeconds = 0): WorldBill {
  const byGroup: Record<string, number> = {}
  let [usd, seconds, unpriced] = [0, 0, 0]
  for (const { id, offer, tags, runningAt } of world.truth()) {
    const ran = world.runningSeconds(id)
    seconds += ran
    if (offer.pricePerHour === undefined) {
      unpriced += 1
      continue
    }
    const cost = runningAt === undefined ? 0 : (Math.max(leastSeconds, ran) / 3600) * offer.pricePerHour
    const group = tags[TAG.group] ?? "default"
    byGroup[group] = (byGroup[group] ?? 0) + cost
    usd += cost
  }
  return { usd, byGroup, seconds, unpriced }
}
