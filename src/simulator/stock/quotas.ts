/** What the account may have at once: vCPUs by quota family and market, as clouds count them. */
import type { Market, Offer, Scope } from "../../provider.js"

/** The sum over all instances that match. Every row that matches an offer limits it; without one there is no limit. */
export interface QuotaRow {
  /** The cloud's name for it; made from family and market when left out. */
  readonly name?: string
  readonly family?: string
  readonly market?: Market
  readonly vcpus: number
}

export interface QuotaUse {
  readonly name: string
  readonly scope: Scope
  readonly limit: number
  readonly used: number
}

type Counted = Pick<Offer, "family" | "market" | "vcpus">

export class Quotas {
  #rows: readonly QuotaRow[]
  readonly #used = new Map<string, Counted>()

  constructor(rows: readonly QuotaRow[]) {
    this.#rows = rows
  }

  /** Replaces the row of the same family and market, or adds one. */
  set(row: QuotaRow): void {
    const isOther = (other: QuotaRow) => other.family !== row.family || other.market !== row.market
    this.#rows = [...this.#rows.filter(isOther), row]
  }

  /** How many more instances of this offer the account may have now, and the row that says so. */
  room(offer: Offer): { readonly count: number; readonly row?: QuotaUse } {
    let least: { count: number; row?: QuotaUse } = { count: Number.POSITIVE_INFINITY }
    for (const row of this.use(offer)) {
      const count = Math.max(0, Math.floor((row.limit - row.used) / (offer.vcpus ?? 1)))
      if (count < least.count) least = { count, row }
    }
    return least
  }

  /** Every row, or those that limit one offer, with what is used of it. */
  use(offer?: Offer): readonly QuotaUse[] {
    return this.#rows
      .filter((row) => offer === undefined || covers(row, offer))
      .map((row) => ({
        name: row.name ?? `${row.market ?? "any"} ${row.family ?? "all families"} vCPUs`,
        scope: {
          ...(row.family === undefined ? {} : { family: row.family }),
          ...(row.market === undefined ? {} : { market: row.market }),
        },
        limit: row.vcpus,
        used: this.#usedBy(row),
      }))
  }

  /** `count` instances of this offer come (or go, when negative). */
  take(offer: Counted, count: number): void {
    const key = `${offer.family}/${offer.market}`
    const before = this.#used.get(key)?.vcpus ?? 0
    this.#used.set(key, { family: offer.family, market: offer.market, vcpus: before + count * (offer.vcpus ?? 1) })
  }

  #usedBy(row: QuotaRow): number {
    let sum = 0
    for (const counted of this.#used.values()) if (covers(row, counted)) sum += counted.vcpus ?? 1
    return sum
  }
}

function covers(row: QuotaRow, offer: Counted): boolean {
  return (
    (row.family === undefined || row.family === offer.family) &&
    (row.market === undefined || row.market === offer.market)
  )
}
