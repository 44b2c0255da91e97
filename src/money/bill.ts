/**
 * Bill: what one instance has cost, and what many have. Pure; it is given `now`. An estimate: the price is the one known when
 * the instance was launched, and disks, traffic, addresses and taxes are not in it.
 */

const HOUR_MS = 3_600_000

/** What decides what one instance costs. Moments are in milliseconds since 1970. */
export interface Bill {
  readonly group: string
  /** Absent when no price is known. */
  readonly usdPerHour?: number | undefined
  /** When its bill began: not before it ran. Absent: it has not. */
  readonly from?: number | undefined
  /** When its bill ended. Absent: it has not. */
  readonly to?: number | undefined
  /** The least billed time of an instance that has run, in milliseconds. */
  readonly leastMs: number
}

/** What many instances have cost, and cost now. */
export interface Spend {
  readonly usd: number
  readonly byGroup: Readonly<Record<string, number>>
  /** USD an hour of all living instances, also of those that do not run yet. */
  readonly perHour: number
  /** How many instances these sums leave out, because their price is not known. */
  readonly unpriced: number
}

/** For how long it ran until `now`, in milliseconds. */
export function ranMs({ from, to }: Bill, now: number): number {
  return from === undefined ? 0 : Math.max(0, Math.min(now, to ?? now) - from)
}

/** For how long it is billed until `now`: what is billed at least counts from the first moment. */
export function billedMs(bill: Bill, now: number): number {
  const hasBegun = bill.from !== undefined && bill.from <= now
  return hasBegun ? Math.max(bill.leastMs, ranMs(bill, now)) : 0
}

/** USD until `now`; undefined when its price is not known. */
export function costOf(bill: Bill, now: number): number | undefined {
  return bill.usdPerHour === undefined ? undefined : (billedMs(bill, now) / HOUR_MS) * bill.usdPerHour
}

export function spendOf(bills: Iterable<Bill>, now: number): Spend {
  const byGroup: Record<string, number> = {}
  let [usd, perHour, unpriced] = [0, 0, 0]
  for (const bill of bills) {
    const cost = costOf(bill, now)
    if (cost === undefined) {
      unpriced += 1
      continue
    }
    usd += cost
    byGroup[bill.group] = (byGroup[bill.group] ?? 0) + cost
    if (bill.to === undefined) perHour += bill.usdPerHour ?? 0
  }
  return { usd, byGroup, perHour, unpriced }
}

/** The USD that starting an instance of this price costs at least. */
export function leastCost(usdPerHour: number, leastMs: number): number {
  return (leastMs / HOUR_MS) * usdPerHour
}
