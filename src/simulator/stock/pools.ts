/** How many instances each pool (zone × type × market) can hold, and how many it holds. */
import type { Offer, Scope } from "../../provider.js"
import { inScope } from "../../offer.js"
import { type Pool, poolKey } from "./catalogue.js"

/** Every single pool in scope holds `count` at most; of several rows that match a pool the first one counts. */
export interface CapacityRow extends Scope {
  readonly count: number
}

export class Pools {
  #rows: readonly CapacityRow[]
  readonly #used = new Map<string, number>()

  constructor(rows: readonly CapacityRow[]) {
    this.#rows = rows
  }

  /** From now on this row counts before all others. Instances that run already stay, even above the new count. */
  set(scope: Scope, count: number): void {
    const isOther = (row: CapacityRow) => !(inScope(row, scope) && inScope(scope, row))
    this.#rows = [{ ...scope, count }, ...this.#rows.filter(isOther)]
  }

  /** How many more this pool can take now; Infinity where no row limits it. */
  free(offer: Offer): number {
    const row = this.#rows.find((candidate) => inScope(offer, candidate))
    return Math.max(0, (row?.count ?? Number.POSITIVE_INFINITY) - this.used(offer))
  }

  used(pool: Pool): number {
    return this.#used.get(poolKey(pool)) ?? 0
  }

  /** `count` instances come (or go, when negative). */
  take(pool: Pool, count: number): void {
    this.#used.set(poolKey(pool), this.used(pool) + count)
  }
}
