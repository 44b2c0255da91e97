/** Overtaken: who took the cluster over and has launched nothing yet is in no instance's tags, and told of by its claim alone. */
import { OwnershipError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import type { Fleet } from "../context.js"
import { highestClaim } from "../opening/claims.js"
import { isNewlyGone } from "./ended.js"

export function overtaken({ cluster, generation }: Fleet["owner"], highest: number): OwnershipError {
  return new OwnershipError(
    `cluster "${cluster}": another process took it over (its generation is ${highest}, ours ${generation}); this one has stopped and leaves the instances alone`,
  )
}

/**
 * Looks for such a claim when instances have gone that nobody here asked to go, before they are replaced: whoever holds the cluster
 * now may have ended them, and would end what replaces them as well.
 *
 * @param begun when the look that has just ended began, in milliseconds since 1970.
 * @throws OwnershipError when there is one.
 */
export async function checkOvertaken(fleet: Fleet, provider: Provider, begun: number): Promise<void> {
  if (!fleet.isHeld || fleet.closing || provider.claim === undefined) return
  const isSuspect = [...fleet.roster.workers.values()].some(
    (worker) => worker.provider === provider && worker.failure === undefined && isNewlyGone(worker, begun),
  )
  if (!isSuspect) return
  const highest = await highestClaim(fleet)
  if (highest > fleet.owner.generation) throw overtaken(fleet.owner, highest)
}
