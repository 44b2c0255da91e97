import { SpecError } from "../errors.js"

/** @throws SpecError when the goals together are above the ceiling. */
export function checkCeiling(maxWorkers: number | undefined, goals: ReadonlyMap<string, number>): void {
  const total = [...goals.values()].reduce((sum, count) => sum + count, 0)
  if (maxWorkers === undefined || total <= maxWorkers) return
  const message = `is ${total} in all, above maxWorkers ${maxWorkers}; ask for at most ${maxWorkers}, or raise maxWorkers`
  throw new SpecError([{ option: "scale.target", value: total, message }])
}
