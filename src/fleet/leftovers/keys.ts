/** Keys: what this machine keeps of clusters that are gone: the key that reached their workers. */
import { access } from "node:fs/promises"
import type { Provider } from "../../provider.js"
import type { Remain } from "../../verbs/removals.js"
import { readJournals } from "../journal/history.js"
import { keyPath } from "../state/cluster-keys.js"
import { isOver, type Reading } from "./journals.js"

/**
 * One row for each key of a cluster of that name whose processes have ended, and that was never anywhere else than at these places.
 * Naming the cluster in a sweep removes it, with the journal that it is beside.
 *
 * @param remains what lives or is left at these places: clusters that have some are not gone.
 */
export async function keysOf(
  { directory, cluster, owner, clock }: Omit<Reading, "onQuarantined" | "onLiveProcess">,
  providers: readonly Provider[],
  remains: readonly Remain[],
): Promise<readonly Remain[]> {
  if (directory === undefined) return []
  const histories = await readJournals(directory, cluster, owner, clock, () => {})
  const gone = histories.filter(
    (history) => isOver(history, providers) && !remains.some(({ uid }) => uid === history.uid),
  )
  const rows = gone.map(async ({ uid }) => {
    const path = keyPath(directory, { cluster, uid })
    const isThere = await clock.busy("looking for a key", access(path).then(yes, no))
    return isThere ? [{ kind: "key", id: path, place: "this machine", cluster, owner, uid }] : []
  })
  return (await Promise.all(rows)).flat()
}

const yes = () => true
const no = () => false
