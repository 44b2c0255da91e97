/** What the new workers of a plan cost per hour. Pure. */
import type { LaunchCall, Offer } from "../../provider.js"

/** USD per hour of the new workers. A sum that leaves workers out says how many in `unpriced`. */
export interface PriceSpan {
  /** All of them from the cheapest offer; absent when no offer has a price. */
  readonly least?: number
  /** As planned: each call gives all of its first offer. Absent when none of those has a price. */
  readonly expected?: number
  /** All of them from the dearest offer that may be tried. */
  readonly worst?: number
  /** How many workers are planned of offers without a price, and so not in `expected`. */
  readonly unpriced: number
  /** Some offer that may be tried has no price: `least` and `worst` know nothing of it. */
  readonly isPartial: boolean
}

/** @param offers all that may be tried. */
export function priceSpanOf(offers: readonly Offer[], calls: readonly LaunchCall[]): PriceSpan {
  const count = calls.reduce((sum, call) => sum + call.count, 0)
  const known = offers.flatMap(({ pricePerHour }) => (pricePerHour === undefined ? [] : [pricePerHour]))
  const priced = calls.flatMap(({ count, offers: [first] }) =>
    first?.pricePerHour === undefined ? [] : [{ count, usd: first.pricePerHour * count }],
  )
  const pricedCount = priced.reduce((sum, call) => sum + call.count, 0)
  const isKnown = known.length > 0
  const expected = priced.reduce((sum, { usd }) => sum + usd, 0)
  return {
    ...(isKnown ? { least: Math.min(...known) * count, worst: Math.max(...known) * count } : {}),
    ...(pricedCount > 0 || (isKnown && count === 0) ? { expected } : {}),
    unpriced: count - pricedCount,
    isPartial: known.length < offers.length,
  }
}
