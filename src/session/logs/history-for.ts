/** History for: the history of a cluster on disk, with what it has cost. */
import type { Fleet } from "../../fleet/state/context.js"
import { costNow } from "../../fleet/spending/spending.js"
import { History, historyDirectory } from "../../history/history.js"

/** @param journal the directory of the launch journal. */
export function historyFor(journal: string, { clock, emit }: Pick<Fleet, "clock" | "emit">): History {
  const warn = (message: string) => emit({ type: "note", message })
  const costOf = (fleet: Fleet) => costNow(fleet, clock.now())
  return new History({ directory: historyDirectory(journal), clock, warn, costNow: costOf })
}
