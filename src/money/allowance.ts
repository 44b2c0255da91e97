/** Allowance: how many more instances the budget and the ceiling allow, and from which offers. Pure. */
import type { Offer } from "../provider.js"
import { leastCost } from "./bill.js"
import { dollars, type ResolvedBudget } from "./budget.js"

export type LimitName = "maxWorkers" | "perHour" | "total" | "unpriced"

/** The limits of a whole cluster. */
export interface Allowance {
  readonly budget: ResolvedBudget
  readonly maxWorkers: number | undefined
}

/** The part of the allowance in use: all instances that exist or that launch calls may still create. */
export interface Usage {
  readonly workers: number
  /** USD, of those whose price is known. */
  readonly perHour: number
  readonly unpriced: number
  /** USD spent, and what those on their way will cost at least. */
  readonly committed: number
}

/** Why fewer instances may be started than are wanted. */
export interface Cut {
  readonly count: number
  readonly limit: LimitName
  readonly message: string
}

export interface Allowed {
  readonly count: number
  /** The offers that may be used for that count. */
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
 * How many of `wanted` may be started, and from which of the available offers. These are all offers at whose price the
 * whole number fits the budget, whichever of them the cloud uses; else the cheapest, and as many instances as fit.
 *
 * @param leastMs for how long an instance of an offer is billed at least.
 */
export function allowed(
  allowance: Allowance,
  usage: Usage,
  wanted: number,
  offers: readonly Offer[],
  leastMs: (offer: Offer) => number,
): Allowed {
  const { budget, maxWorkers = Number.POSITIVE_INFINITY } = allowance
  const room = Math.max(0, maxWorkers - usage.workers)
  const isPriced = budget.perHour !== undefined || budget.total !== undefined
  if (!isPriced) return allow(allowance, usage, wanted, { count: room, limit: "maxWorkers" }, offers)
  const usable = budget.unpriced === "allow" ? offers : offers.filter((offer) => offer.pricePerHour !== undefined)
  const isUnclear = budget.unpriced === "refuse" && usage.unpriced > 0
  if (isUnclear || (usable.length === 0 && offers.length > 0)) {
    return allow(allowance, usage, wanted, { count: 0, limit: "unpriced" }, offers)
  }
  const cheapest = Math.min(...usable.map(unitPrice))
  const hourly = (budget.perHour ?? Number.POSITIVE_INFINITY) - usage.perHour
  const count = Math.min(wanted, room)
  // The highest price at which all of them can start; when no offer is that cheap, the cheapest price.
  const dearest = Math.max(cheapest, (hourly * (1 + ROUNDING)) / Math.max(1, count))
  const chosen = usable.filter((offer) => unitPrice(offer) <= dearest)
  const least = Math.max(0, ...chosen.map((offer) => leastCost(unitPrice(offer), leastMs(offer))))
  const left = (budget.total ?? Number.POSITIVE_INFINITY) - usage.committed
  const limits: readonly Bound[] = [
    { count: room, limit: "maxWorkers" },
    { count: times(hourly, Math.max(...chosen.map(unitPrice))), limit: "perHour" },
    { count: left <= 0 ? 0 : times(left, least), limit: "total" },
  ]
  const tightest = limits.reduce((best, bound) => (bound.count < best.count ? bound : best))
  return allow(allowance, usage, wanted, tightest, chosen)
}

interface Bound {
  readonly count: number
  readonly limit: LimitName
}

function allow(allowance: Allowance, usage: Usage, wanted: number, bound: Bound, offers: readonly Offer[]): Allowed {
  if (bound.count >= wanted) return { count: wanted, offers, cut: undefined }
  const missing = wanted - bound.count
  const message = cutMessage(allowance, usage, { ...bound, count: missing }, wanted, offers)
  return { count: bound.count, offers, cut: { count: missing, limit: bound.limit, message } }
}

function unitPrice({ pricePerHour = 0 }: Offer): number {
  return pricePerHour
}

/** The limit that is reached, and what would be needed. */
function cutMessage(
  { budget, maxWorkers = 0 }: Allowance,
  usage: Usage,
  bound: Bound,
  wanted: number,
  offers: readonly Offer[],
): string {
  const { count, limit } = bound
  if (limit === "maxWorkers") {
    return `maxWorkers is ${maxWorkers} and ${usage.workers} are there or on their way; ${count} more wait until some are gone`
  }
  if (limit === "unpriced") {
    const what =
      usage.unpriced > 0 ? `${usage.unpriced} instances without a known price run` : "no offer has a known price"
    return `${what}, and a budget needs prices; let them be read, give them, or set budget.unpriced to "allow"`
  }
  const [cheapest] = [...offers].sort((a, b) => unitPrice(a) - unitPrice(b))
  const each =
    cheapest === undefined
      ? ""
      : ` (${cheapest.instanceType}, ${cheapest.market}, ${dollars(unitPrice(cheapest))} an hour each)`
  if (limit === "perHour") {
    const needed = wanted * (cheapest === undefined ? 0 : unitPrice(cheapest))
    return `budget.perHour is ${dollars(budget.perHour ?? 0)} and ${dollars(usage.perHour)} is taken; ${count} more${each} would need ${dollars(usage.perHour + needed)}`
  }
  return `budget.total is ${dollars(budget.total ?? 0)} and ${dollars(usage.committed)} is spent or committed; ${count} more${each} do not fit`
}

/** Whether anything but the number asked for limits the cluster's launches. */
export function isLimited({ budget, maxWorkers }: Allowance): boolean {
  return maxWorkers !== undefined || budget.perHour !== undefined || budget.total !== undefined
}

/** One group's part of a target. */
export interface GroupWish {
  readonly group: string
  /** USD an hour of each worker that stays. */
  readonly kept: readonly number[]
  /** How many more workers the target needs. */
  readonly more: number
  readonly offers: readonly Offer[]
  readonly leastMs: (offer: Offer) => number
}

/** Why targets are too dear even if every group gets all it needs from its cheapest offer; undefined when they are not. */
export function bestCase({ budget }: Allowance, committed: number, groups: readonly GroupWish[]): string | undefined {
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
