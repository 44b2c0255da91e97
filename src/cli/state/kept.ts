/** Kept: what this machine has written down of a cluster, also when nothing of it is there any more. No cloud is asked. */
import { momentText } from "../../calls/clock.js"
import type { ClusterHistory } from "../../history/read.js"
import { journalDirectoryIfAny } from "../local-state.js"
import type { Given, Surroundings } from "../surroundings.js"

/** What this machine has kept of a cluster; undefined where it has kept nothing. */
export async function historyKept(
  name: string,
  given: Given,
  surroundings: Surroundings,
  more: { readonly since?: number; readonly last?: number } = {},
): Promise<ClusterHistory | undefined> {
  const { clock } = surroundings
  const journal = journalDirectoryIfAny(given, surroundings)
  if (journal === undefined) return undefined
  const read = async () => (await import("../../history/read.js")).readHistory(name, { journal, clock, ...more })
  return clock.busy("reading the history", read())
}

/** "it was closed at …; muster describe render tells …": undefined where this machine has kept nothing of it. */
export async function keptText(name: string, given: Given, surroundings: Surroundings): Promise<string | undefined> {
  const history = await historyKept(name, given, surroundings, { last: 1 })
  if (history === undefined) return undefined
  const last = history.rows.at(-1)
  const at = momentText(last?.until ?? last?.at ?? history.at)
  const when = history.isClosed ? `it was closed at ${at}` : `the last that was written down of it is of ${at}`
  return `${when}: muster describe ${name} tells what this machine has kept`
}
