/** Ceiling: what can be wrong with a target before any cloud is asked. */
import { SpecError } from "../errors.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import { checkSecrets } from "../spec/secrets.js"

/** @throws SpecError when the targets are above the ceiling, or for workers that could not have their secrets. */
export function checkTargets(
  { maxWorkers, groups }: Pick<ResolvedSpec, "groups"> & { readonly maxWorkers?: number | undefined },
  targets: ReadonlyMap<string, number>,
): void {
  checkCeiling(maxWorkers, targets)
  checkSecrets(groups, targets)
}

/** @throws SpecError when the goals together are above the ceiling. */
export function checkCeiling(maxWorkers: number | undefined, goals: ReadonlyMap<string, number>): void {
  const total = [...goals.values()].reduce((sum, count) => sum + count, 0)
  if (maxWorkers === undefined || total <= maxWorkers) return
  const message = `is ${total} in all, above maxWorkers ${maxWorkers}; ask for at most ${maxWorkers}, or raise maxWorkers`
  throw new SpecError([{ option: "scale.target", value: total, message }])
}
