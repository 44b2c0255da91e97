/** Ceiling: what can be wrong with a target before any cloud is asked. */
import { SpecError } from "../errors.js"
import { HEAD } from "../spec/engine/engine.js"
import type { ResolvedSpec } from "../spec/resolved.js"
import { checkSecrets } from "../spec/secrets.js"

/** @throws SpecError when the targets are above the ceiling, or for workers that could not have their secrets. */
export function checkTargets(
  { maxWorkers, groups, engine }: Pick<ResolvedSpec, "groups"> & Partial<Pick<ResolvedSpec, "maxWorkers" | "engine">>,
  targets: ReadonlyMap<string, number>,
): void {
  const isWanted = engine !== undefined && [...targets.values()].some((count) => count > 0)
  checkCeiling(maxWorkers, isWanted ? new Map([[HEAD, 1], ...targets]) : targets)
  checkSecrets(groups, targets)
}

/** @throws SpecError when the goals together are above the ceiling. */
export function checkCeiling(maxWorkers: number | undefined, goals: ReadonlyMap<string, number>): void {
  const total = [...goals.values()].reduce((sum, count) => sum + count, 0)
  if (maxWorkers === undefined || total <= maxWorkers) return
  const hasHead = goals.get(HEAD) === 1 ? ", with the head" : ""
  const message = `is ${total} in all${hasHead}, above maxWorkers ${maxWorkers}; ask for at most ${maxWorkers}, or raise maxWorkers`
  throw new SpecError([{ option: "scale.target", value: total, message }])
}
