/** Awaits request: what a group's guests are to wait for, once it is certain that it can be brought. */
import { SpecError, type SpecProblem } from "../../errors.js"
import type { GroupRequest, Provider } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { NEEDS_ACCESS } from "../../spec/problems.js"
import { missingSecrets } from "../../spec/secrets.js"
import type { Fleet } from "../state/context.js"

/**
 * @param isPreview nothing is written, and no command is run.
 * @throws SpecError where workers could not be brought what they would wait for: nothing is launched for it.
 */
export async function awaitsRequest(
  fleet: Fleet,
  provider: Provider,
  group: ResolvedGroup,
  isPreview: boolean,
): Promise<Pick<GroupRequest, "awaits">> {
  const { files, secrets } = group
  if (files.length === 0 && secrets.size === 0) return {}
  const problems = [...wayProblems(fleet, provider, group), ...missingSecrets(group, process.env)]
  if (problems.length > 0) throw new SpecError(problems)
  // Before the head is launched: whoever holds the cluster after this process reaches it by them.
  if (!isPreview && group.joins) await fleet.engine?.secrets.ensure()
  if (!isPreview) await fleet.supplies.prepare(group)
  return {
    awaits: {
      ...(files.length === 0 ? {} : { files: true }),
      ...(secrets.size === 0 ? {} : { secrets: [...secrets.keys()].sort() }),
    },
  }
}

function wayProblems({ access }: Fleet, provider: Provider, { files, secrets }: ResolvedGroup): SpecProblem[] {
  const isShut = provider.limits.takesKeys !== undefined && access === undefined
  if (provider.route !== undefined && !isShut) return []
  const message =
    provider.route === undefined ? `needs a way to the workers, and ${provider.name} says none` : NEEDS_ACCESS
  return [
    ...(files.length === 0 ? [] : [{ option: "cluster.files", message }]),
    ...(secrets.size === 0 ? [] : [{ option: "cluster.secrets", message }]),
  ]
}
