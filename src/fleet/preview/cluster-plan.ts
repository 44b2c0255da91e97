/** The plan that callers get: what a target would do. */
import type { Headroom, Offer } from "../../provider.js"
import type { PriceSpan } from "./plan-price.js"

export interface PlannedCall {
  readonly provider: string
  readonly region: string
  readonly api: string
  readonly zone?: string
  readonly instanceTypes: readonly string[]
  readonly market: Offer["market"]
  readonly count: number
}

/** An offer that is not tried before a moment, and why. */
export interface BarredOffer {
  readonly offer: Offer
  /** Milliseconds since 1970; Infinity: with the next `scale`. */
  readonly until: number
  readonly code: string
  readonly message: string
}

export interface GroupPreview {
  readonly group: string
  readonly desired: number
  /** What runs or is on its way. */
  readonly existing: number
  readonly calls: readonly PlannedCall[]
  /** How many would be taken away. */
  readonly surplus: number
  /** How many are missing although nothing more may be tried now. */
  readonly unplaced: number
  /** In the order in which they would be tried. */
  readonly offers: readonly Offer[]
  /** Those of them that are left out now. */
  readonly barred: readonly BarredOffer[]
  /** When the cloud said so, in milliseconds since 1970. */
  readonly offersAt: number
  /** `price.expected`, when no worker is left out of it. */
  readonly pricePerHour?: number
  readonly price: PriceSpan
  /** Milliseconds until the last call may be sent under the account's limits. */
  readonly etaMs: number
  /** Quotas and addresses that the new workers draw on. Advice: a cloud may count differently. */
  readonly headroom: readonly Headroom[]
  readonly notes: readonly string[]
}

/** What a target would do; `String(plan)` is a table of it. */
export interface ClusterPlan {
  readonly cluster: string
  readonly groups: readonly GroupPreview[]
  /** Milliseconds until the last call of all groups may be sent: they share their accounts' limits. */
  readonly etaMs: number
  toString(): string
}
