/** Superseded: a new owner that has launched nothing yet is in no instance's tags; only its claim shows it. */
import { momentText } from "../../calls/clock.js"
import { OwnershipError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import { isMet } from "../state/group-state.js"
import { generationOf, latestGenerationOf, TAG, type Tags } from "../tags.js"
import { claimsOf } from "./claims.js"
import { parseOwnerProcess } from "./owner-process.js"
import { isNewlyEnded, ENDED_STATES } from "../targets/ended-elsewhere.js"

/** @param tags those that tell of the later generation, and of the process that has it. */
export function supersededError({ cluster, generation }: Fleet["owner"], tags: Tags): OwnershipError {
  const holder = parseOwnerProcess(tags[TAG.holder])
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`
  const since = holder === undefined ? "" : `, which has it since ${momentText(holder.since)},`
  const generations = `its generation is ${latestGenerationOf(tags)}, ours ${generation}`
  return new OwnershipError(
    `cluster "${cluster}": ${who}${since} took it over (${generations}) and decides now how many workers run; this one has stopped and leaves the instances alone`,
  )
}

/**
 * Reads the claims when instances ended that this process did not end, before they are replaced: a new owner may have ended them,
 * and would end their replacements as well.
 *
 * @param begun when the poll that has just ended began, in milliseconds since 1970.
 * @returns whether another process has claimed the cluster and ended all there was, as a delete does: the cluster is that process's
 * until the caller asks for workers again.
 * @throws OwnershipError when another process has claimed the cluster, and a worker is left or a target waits for more.
 */
export async function checkSuperseded(fleet: Fleet, provider: Provider, begun: number): Promise<boolean> {
  if (!fleet.isOwner || fleet.closing || provider.claim === undefined) return false
  const suspects = fleet.roster
    .at(provider)
    .in(...ENDED_STATES)
    .filter((worker) => worker.failure === undefined && isNewlyEnded(worker, begun))
  if (suspects.length === 0) return false
  const { latest, isWhole } = await claimsOf(fleet)
  const highest = generationOf(latest)
  const isLater = highest > fleet.owner.generation
  if (isLater && !isEmptyAndIdle(fleet)) throw supersededError(fleet.owner, latest)
  if (!isLater && (!isWhole || highest > 0 || !hasClaimed(fleet, provider))) return false
  // A delete claims the cluster first, so that nothing more is launched. A removed claim means that the cluster was ended.
  for (const worker of suspects) worker.instance = { ...worker.instance, endedBy: "muster" }
  return isLater
}

/** No worker of the cluster is left, and no target waits for more. */
function isEmptyAndIdle({ roster, groups }: Fleet): boolean {
  return roster.all.counted.length === 0 && [...groups.values()].every(isMet)
}

/** It took the cluster over by a claim that lists can no longer miss, and nothing is left of what it took over. */
function hasClaimed({ clock, foundAt, owner, roster }: Fleet, { limits }: Provider): boolean {
  const isOld = clock.now() - foundAt > limits.consistencyMs
  return owner.generation > 1 && isOld && roster.all.counted.length === 0
}
