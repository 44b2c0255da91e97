/** Failures: how adapters report a launch that made fewer instances than asked. Pure. */
import type { Failure, Instance, LaunchCall, Launched } from "../provider.js"

/** One reason among several, with its weight among them. */
export interface Reason {
  readonly reason: Omit<Failure, "count">
  readonly weight: number
}

/**
 * Shares what is missing among its reasons.
 *
 * @param total the instances that are missing.
 * @returns the reasons with whole counts that add up to `total`, by their weights. Of reasons with equal remainders the first takes
 *   an instance that is left over. A reason for no instance is left out.
 */
export function shareOut(total: number, reasons: readonly Reason[]): readonly Failure[] {
  const whole = reasons.reduce((sum, { weight }) => sum + weight, 0)
  const exact = reasons.map(({ weight }) => (weight * total) / whole)
  const counts = exact.map(Math.floor)
  const remainders = exact.map((share, index) => ({ index, remainder: share - Math.floor(share) }))
  const left = total - counts.reduce((sum, count) => sum + count, 0)
  for (const { index } of remainders.sort((a, b) => b.remainder - a.remainder).slice(0, left))
    counts[index] = (counts[index] ?? 0) + 1
  return reasons.flatMap(({ reason }, index) => {
    const count = counts[index] ?? 0
    return count === 0 ? [] : [{ ...reason, count }]
  })
}

/**
 * The outcome of a launch that was made before, and of which some instances have ended since. Their failure is "interrupted",
 * because they existed. No pool is marked as unavailable for it.
 *
 * @param instances the instances that still exist.
 */
export function endedSince(
  call: LaunchCall,
  instances: readonly Instance[],
  { code, message }: Pick<Failure, "code" | "message">,
): Launched {
  const count = call.count - instances.length
  const failure: Failure = { reason: "interrupted", count, scope: {}, ttlMs: 0, code, message }
  return { instances, failures: count > 0 ? [failure] : [], settled: true }
}
