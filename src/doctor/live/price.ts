/** Price: what a walk will cost, and what it has cost so far. An estimate goes by the times that machines take to boot and to end. */
import { costOf } from "../../money/bill.js"
import type { Offer, Wave } from "../../provider.js"
import { offersOn, type WalkSite } from "./site.js"
import type { Followed } from "./witness.js"

interface WavePlan {
  readonly wave: Wave
  readonly market: "spot" | "on-demand"
  readonly machines: number
  /** When the guest of a machine ends it, in seconds after its launch. */
  readonly deadlineS: number
  /** For how long each is likely to be paid, in seconds. */
  readonly likelyS: number
}

/** In the order in which they are played: the first machine's deletion is tried before there are others. */
export const WAVES: readonly WavePlan[] = [
  { wave: "brief", market: "spot", machines: 3, deadlineS: 300, likelyS: 30 },
  { wave: "batch", market: "on-demand", machines: 3, deadlineS: 600, likelyS: 90 },
  { wave: "timed", market: "spot", machines: 3, deadlineS: 240, likelyS: 230 },
]

const HOUR_S = 3600

/** USD of one machine for an hour; undefined where its price is not known. */
export function usdPerHour({ walk }: Pick<WalkSite, "walk">, offer: Offer | undefined): number | undefined {
  if (offer?.pricePerHour === undefined) return undefined
  return offer.pricePerHour + walk.besides(offer)
}

/** USD of one wave: as it is likely, or at most, when each machine runs to its deadline. */
export function waveUsd(site: WalkSite, plan: WavePlan, which: "likely" | "most"): number | undefined {
  const least = site.provider.limits.leastBilledSeconds ?? 0
  const perHour = usdPerHour(site, offersOn(site, plan.market)[0])
  const seconds = Math.max(least, which === "likely" ? plan.likelyS : plan.deadlineS)
  return perHour === undefined ? undefined : (plan.machines * seconds * perHour) / HOUR_S
}

/** USD; undefined where a price is not known. */
export function estimateUsd(site: WalkSite, which: "likely" | "most" = "likely"): number | undefined {
  const parts = WAVES.map((plan) => waveUsd(site, plan, which))
  return parts.some((part) => part === undefined)
    ? undefined
    : parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)
}

/** USD until `now`, which is in milliseconds since the walk began. */
export function spentUsd(site: WalkSite, workers: readonly Followed[], now: number): number {
  const { leastBilledSeconds = 0 } = site.provider.limits
  return workers.reduce((sum, { runningAt: from, endedAt, goneAt, instance, call }) => {
    const offer = call.offers.find(({ zone }) => zone === instance.zone) ?? call.offers[0]
    const perHour = usdPerHour(site, offer)
    const to = endedAt ?? goneAt
    const bill = { group: "", usdPerHour: perHour, from, to, leastMs: leastBilledSeconds * 1000 }
    return sum + (costOf(bill, now) ?? 0)
  }, 0)
}
