/** Means: how many more instances the budget and the ceiling allow, and from which offers. Pure. */
import type { Offer } from "../provider.js"
import { leastCost } from "./bill.js"
import { dollars, type ResolvedBudget } from "./budget.js"

export type LimitName = "maxWorkers" | "perHour" | "total" | "unpriced"

/** What limits a whole cluster. */
export interface Means {
  readonly budget: ResolvedBudget
  readonly maxWorkers: number | undefined
}

/** What is taken of it: all that exists or may still come of launch calls. */
export interface Taken {
  readonly workers: number
  /** USD, of those whose price is known. */
  readonly perHour: number
  readonly unpriced: number
  /** USD spent, and what those on their way will cost at least. */
  readonly committed: number
}

/** Why fewer may be started than are wanted. */
export interface Cut {
  readonly count: number
  readonly limit: LimitName
  readonly message: string
}

export interface Allowed {
  readonly count: number
  /** Those that may be used for so many. */
  readonly offers: readonly Offer[]
  readonly cut: Cut | undefined
}

/** Sums of prices carry the rounding of their last digits: a billionth more is not more. */
const ROUNDING = 1e-9

/** How often `part` goes into `whole`. */
function times(whole: number, part: number): number {
  if (part <= 0) return whole < 0 ? 0 : Number.POSITIVE_INFINITY
  return Math.max(0, Math.floor((whole / part) * (1 + ROUNDING)))
}

/**
 * How many of `wanted` may be started, and from which of the offers that are to be had now: all those at whose price the
 * whole number is still within the budget, whichever of them the cloud gives; else the cheapest, as many as fit.
 *
 * @param leastMs for how long an instance of an offer is billed at least.
 */
export function allowed(
  means: Means,
  taken: Taken,
  wanted: number,
  offers: readonly Offer[],
  leastMs: (offer: Offer) => number,
): Allowed {
  const { budget, maxWorkers = Number.POSITIVE_INFINITY } = means
  const room = Math.max(0, maxWorkers - taken.workers)
  const isPriced = budget.perHour !== undefined || budget.total !== undefined
  if (!isPriced) return allow(means, taken, wanted, { count: room, limit: "maxWorkers" }, offers)
  const usable = budget.unpriced === "allow" ? offers : offers.filter((offer) => offer.pricePerHour !== undefined)
  const isUnclear = budget.unpriced === "refuse" && taken.unpriced > 0
  if (isUnclear || (usable.length === 0 && offers.length > 0)) {
    return allow(means, taken, wanted, { count: 0, limit: "unpriced" }, offers)
  }
  const cheapest = Math.min(...usable.map(unitPrice))
  const hourly = (budget.perHour ?? Number.POSITIVE_INFINITY) - taken.perHour
  const count = Math.min(wanted, room)
  // At most so much each lets all of them start; when nothing is so cheap, the cheapest let most of them start.
  const dearest = Math.max(cheapest, (hourly * (1 + ROUNDING)) / Math.max(1, count))
  const chosen = usable.filter((offer) => unitPrice(offer) <= dearest)
  const least = Math.max(0, ...chosen.map((offer) => leastCost(unitPrice(offer), leastMs(offer))))
  const left = (budget.total ?? Number.POSITIVE_INFINITY) - taken.committed
  const limits: readonly Bound[] = [
    { count: room, limit: "maxWorkers" },
    { count: times(hourly, Math.max(...chosen.map(unitPrice))), limit: "perHour" },
    { count: left <= 0 ? 0 : times(left, least), limit: "total" },
  ]
  const tightest = limits.reduce((best, bound) => (bound.count < best.count ? bound : best))
  return allow(means, taken, wanted, tightest, chosen)
}

interface Bound {
  readonly count: number
  readonly limit: LimitName
}

function allow(means: Means, taken: Taken, wanted: number, bound: Bound, offers: readonly Offer[]): Allowed {
  if (bound.count >= wanted) return { count: wanted, offers, cut: undefined }
  const missing = wanted - bound.count
  const message = words(means, taken, { ...bound, count: missing }, wanted, offers)
  return { count: bound.count, offers, cut: { count: missing, limit: bound.limit, message } }
}

function unitPrice({ pricePerHour = 0 }: Offer): number {
  return pricePerHour
}

/** What stands in the way, and what would have been needed. */
function words(
  { budget, maxWorkers = 0 }: Means,
  taken: Taken,
  bound: Bound,
  wanted: number,
  offers: readonly Offer[],
): string {
  const { count, limit } = bound
  if (limit === "maxWorkers") {
    return `maxWorkers is ${maxWorkers} and ${taken.workers} are there or on their way; ${count} more wait until some are gone`
  }
  if (limit === "unpriced") {
    const what =
      taken.unpriced > 0 ? `${taken.unpriced} instances without a known price run` : "no offer has a known price"
    return `${what}, and a budget needs prices; let them be read, give them, or set budget.unpriced to "allow"`
  }
  const [cheapest] = [...offers].sort((a, b) => unitPrice(a) - unitPrice(b))
  const each =
    cheapest === undefined
      ? ""
      : ` (${cheapest.instanceType}, ${cheapest.market}, ${dollars(unitPrice(cheapest))} an hour each)`
  if (limit === "perHour") {
    const needed = wanted * (cheapest === undefined ? 0 : unitPrice(cheapest))
    return `budget.perHour is ${dollars(budget.perHour ?? 0)} and ${dollars(taken.perHour)} is taken; ${count} more${each} would need ${dollars(taken.perHour + needed)}`
  }
  return `budget.total is ${dollars(budget.total ?? 0)} and ${dollars(taken.committed)} is spent or committed; ${count} more${each} do not fit`
}

/** Whether anything but the number asked for limits the cluster's launches. */
export function isLimited({ budget, maxWorkers }: Means): boolean {
  return maxWorkers !== undefined || budget.perHour !== undefined || budget.total !== undefined
}

/** What a target means for one group. */
export interface GroupWish {
  readonly group: string
  /** USD an hour of each worker that stays. */
  readonly kept: readonly number[]
  /** How many more it takes. */
  readonly more: number
  readonly offers: readonly Offer[]
  readonly leastMs: (offer: Offer) => number
}

/** Why targets are too dear even if every group gets all it needs from its cheapest offer; undefined when they are not. */
export function bestCase({ budget }: Means, committed: number, groups: readonly GroupWish[]): string | undefined {
  const priced = groups.map((group) => ({ ...group, cheapest: cheapestOf(budget, group) }))
  const blind = priced.find(({ more, cheapest }) => more > 0 && cheapest === undefined)
  if (blind !== undefined) {
    return `no offer for group ${blind.group} has a known price, and a budget needs prices; let them be read, give them, or set budget.unpriced to "allow"`
  }
  const sum = (usdOf: (group: (typeof priced)[number]) => number) => priced.reduce((usd, one) => usd + usdOf(one), 0)
  const hourly = sum(
    ({ kept, more, cheapest }) =>
      kept.reduce((usd, price) => usd + price, 0) + Math.max(0, more) * (cheapest?.usd ?? 0),
  )
  const named = priced.flatMap(({ more, cheapest }) =>
    more > 0 && cheapest !== undefined ? [`${more} × ${cheapest.instanceType} at ${dollars(cheapest.usd)}`] : [],
  )
  const what = named.length === 0 ? "" : ` (${named.join(", ")})`
  if (budget.perHour !== undefined && hourly > budget.perHour * (1 + ROUNDING)) {
    return `it costs ${dollars(hourly)} an hour at least${what}, above budget.perHour ${dollars(budget.perHour)}; ask for fewer, or raise the budget`
  }
  const atLeast = committed + sum(({ more, cheapest }) => Math.max(0, more) * (cheapest?.least ?? 0))
  if (budget.total !== undefined && atLeast > budget.total * (1 + ROUNDING)) {
    return `it costs ${dollars(atLeast)} at least${what}, with what is spent, above budget.total ${dollars(budget.total)}; ask for fewer, or raise the budget`
  }
  return undefined
}

function cheapestOf({ unpriced }: ResolvedBudget, { offers, leastMs }: GroupWish) {
  const usable = unpriced === "allow" ? offers : offers.filter((offer) => offer.pricePerHour !== undefined)
  const [cheapest] = [...usable].sort((a, b) => unitPrice(a) - unitPrice(b))
  if (cheapest === undefined) return undefined
  const usd = unitPrice(cheapest)
  return { instanceType: cheapest.instanceType, usd, least: leastCost(usd, leastMs(cheapest)) }
}
