/** What repeated measurements come to. Medians and quartiles: a mean would tell of the machine's worst moment. */

export interface Spread {
  readonly runs: number
  readonly min: number
  readonly p25: number
  readonly median: number
  readonly p75: number
  readonly max: number
}

/** @throws Error for no measurement at all. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("nothing was measured")
  const sorted = [...values].sort((a, b) => a - b)
  return {
    runs: sorted.length,
    min: quantile(sorted, 0),
    p25: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    p75: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  }
}

/** Between two neighbours by their distance (type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages"). */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}
