/** Cost: a cluster's cost as users see it. */

/** The source of a price, and when it was read (milliseconds since 1970). */
export interface PriceOrigin {
  readonly source: string
  readonly at: number
}

/** What a cluster has cost so far: an estimate from the prices known at launch, without disks, traffic, addresses and taxes. */
export interface ClusterCost {
  /** Prices times running time: a cloud's invoice may differ. */
  readonly estimate: true
  /** USD until now, of all instances whose price is known. */
  readonly soFar: number
  /** USD an hour of all that lives now. */
  readonly perHour: number
  /** USD until now, by group. */
  readonly byGroup: Readonly<Record<string, number>>
  /** How many instances `soFar` leaves out, because their price is not known. Some may be gone. */
  readonly unpriced: number
  /** How many instances that live now `perHour` leaves out. */
  readonly unpricedNow: number
  /** USD of `soFar` that instances have cost which had ended before this process began. */
  readonly earlier: number
  /** Where the prices are from, and when they were asked for (milliseconds since 1970). */
  readonly prices: readonly PriceOrigin[]
}

/** Of a cluster that was never opened. */
export const NO_COST: ClusterCost = {
  estimate: true,
  soFar: 0,
  perHour: 0,
  byGroup: {},
  unpriced: 0,
  unpricedNow: 0,
  earlier: 0,
  prices: [],
}
