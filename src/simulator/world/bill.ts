/** Bill: what a world would charge, from its own truth. What a cluster estimates is compared with it. */
import { TAG } from "../../fleet/tags.js"
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

/** What a world would charge for one instance. */
export interface Charge {
  readonly id: string
  readonly group: string
  /** For how long it ran; what is billed at least is not in it. */
  readonly seconds: number
  /** Of the instance, an hour; 0 where it has no price. */
  readonly usdPerHour: number
  readonly usd: number
  readonly isPriced: boolean
}

/**
 * What a world would charge for each instance that there ever was.
 *
 * @param leastSeconds what an instance is billed for at least, once it has run (EC2: 60).
 */
export function chargesOf(world: World, leastSeconds = 0): readonly Charge[] {
  return world.truth().map(({ id, offer, tags, runningAt }) => {
    const seconds = world.runningSeconds(id)
    const { pricePerHour: usdPerHour = 0 } = offer
    const usd = runningAt === undefined ? 0 : (Math.max(leastSeconds, seconds) / 3600) * usdPerHour
    const isPriced = offer.pricePerHour !== undefined
    return { id, group: tags[TAG.group] ?? "default", seconds, usdPerHour, usd, isPriced }
  })
}

/**
 * From running until it leaves, each second, at the price of what it is.
 *
 * @param leastSeconds what an instance is billed for at least, once it has run (EC2: 60).
 */
export function billOf(world: World, leastSeconds = 0): WorldBill {
  const byGroup: Record<string, number> = {}
  let [usd, seconds, unpriced] = [0, 0, 0]
  for (const charge of chargesOf(world, leastSeconds)) {
    seconds += charge.seconds
    if (!charge.isPriced) {
      unpriced += 1
      continue
    }
    byGroup[charge.group] = (byGroup[charge.group] ?? 0) + charge.usd
    usd += charge.usd
  }
  return { usd, byGroup, seconds, unpriced }
}
