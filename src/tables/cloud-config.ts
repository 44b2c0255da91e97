/** Cloud-config: what cannot be given beside a startup that cloud-init carries out. Pure. */
import type { SpecProblem } from "../errors.js"
import { isCloudConfig } from "../guest/text.js"
import type { GroupRequest } from "../provider.js"

/** The guest's program cannot put variables into what cloud-init runs. */
export function cloudConfigProblems({ name, startup, environment }: GroupRequest): readonly SpecProblem[] {
  if (!isCloudConfig(startup) || Object.keys(environment).length === 0) return []
  const message = "cannot be given beside a startup that is a #cloud-config; write it into that"
  return [{ option: `groups.${name}.environment`, value: environment, message }]
}
