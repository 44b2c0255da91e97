/** How long the buckets of an account need to let a number of calls pass. Pure. */
import type { Bucket, Cost } from "../../provider.js"

/** Milliseconds until the last of `costs` may be sent, given the buckets and what they hold now. */
export function etaMs(
  buckets: Readonly<Record<string, Bucket>>,
  levels: Readonly<Record<string, number>>,
  costs: readonly Cost[],
): number {
  const totals = new Map<string, number>()
  for (const cost of costs) {
    for (const [name, units] of Object.entries(cost)) totals.set(name, (totals.get(name) ?? 0) + units)
  }
  const waits = [...totals].map(([name, units]) => waitMs(buckets[name], levels[name] ?? 0, units))
  return waits.reduce((longest, wait) => Math.max(longest, wait), 0)
}

function waitMs(bucket: Bucket | undefined, level: number, units: number): number {
  // The wait for a concurrency bucket depends on the duration of each call, which is not known before.
  if (bucket === undefined || bucket.kind === "concurrency") return 0
  if (bucket.kind === "window") return Math.ceil(Math.max(0, units - level) / bucket.count) * bucket.perMinute * 60_000
  const missing = units + (bucket.reserve ?? 0) - level
  return missing > 0 ? (missing / bucket.perSecond) * 1000 : 0
}
