/** Check: whether groups can have Dask's workers, as far as their specs say. Pure. */
import { SpecError, type SpecProblem } from "../../errors.js"
import { sizeText } from "../../text.js"
import type { EngineGroup } from "../engine.js"
import type { DaskConfig } from "./config.js"

const GIB = 1024 ** 3

/** @throws SpecError with all that is wrong. */
export function checkGroups(config: DaskConfig, groups: readonly EngineGroup[]): void {
  const problems = [...groups.flatMap((group) => memoryProblems(config, group)), ...unknownGroups(config, groups)]
  if (problems.length > 0) throw new SpecError(problems)
}

function memoryProblems({ memoryBytes }: DaskConfig, { name, fields }: EngineGroup): readonly SpecProblem[] {
  const { memoryGiB } = fields
  const most = typeof memoryGiB === "number" ? memoryGiB : memoryGiB?.max
  if (memoryBytes === undefined || most === undefined || name === "head" || memoryBytes <= most * GIB) return []
  const message = `is ${sizeText(memoryBytes)}, and a worker of group "${name}" has ${most} GiB at most; give less, or larger machines`
  return [{ option: "dask.memoryLimit", value: memoryBytes, message }]
}

function unknownGroups({ resources }: DaskConfig, groups: readonly EngineGroup[]): readonly SpecProblem[] {
  const names = groups.map(({ name }) => name)
  return Object.keys(resources)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const message = `is for a group that the spec does not have; its groups are ${names.join(", ")}`
      return { option: `dask.resources.${name}`, message }
    })
}
