/** Close: ends the histories of clusters that another process than their owner has removed. */
import { systemClock, wallAheadMs } from "../calls/clock.js"
import type { SweepRow } from "../verbs/removals.js"
import { historyDirectory } from "./history.js"
import { headerOf, HistoryFile, historyPath } from "./history-file.js"
import type { HistoryRow } from "./rows.js"
import { type HistoryReading, listHistories, readHistory } from "./read.js"

/**
 * Writes that a cluster was closed, for each uid whose rows say that all was removed, and whose history is here and not closed yet.
 * A history that cannot be written stays as it is.
 *
 * @param rows what a removal of a whole cluster came to.
 */
export async function closeHistories(
  rows: readonly SweepRow[],
  options: HistoryReading & { readonly journal: string },
): Promise<void> {
  const { clock = systemClock } = options
  const left = new Set(rows.filter(({ removed }) => !removed).map(({ uid }) => uid))
  const gone = new Set(rows.map(({ uid }) => uid).filter((uid) => !left.has(uid)))
  const entries = (await listHistories(options)).filter(({ uid }) => gone.has(uid))
  await Promise.all(
    entries.map(async (entry) => {
      const history = await readHistory(entry.uid, options)
      if (history === undefined || history.isClosed) return
      const at = Math.round(clock.now() + wallAheadMs(clock))
      const own = rows.filter(({ uid }) => uid === entry.uid)
      const instances = own.filter(({ kind }) => kind === "instance").length
      const of = { cluster: entry.cluster, uid: entry.uid, owner: own[0]?.owner ?? "" }
      const file = new HistoryFile(historyPath(historyDirectory(options.journal), entry), headerOf(of))
      const row: HistoryRow = { type: "closed", at, count: 1, instances, leaked: 0 }
      await file.append(`${JSON.stringify(row)}\n`, at).catch(() => {})
    }),
  )
}
