/** `muster explain`: what there is of a cluster, what is missing and why, what is waited for. */
import { wallAheadMs } from "../../../calls/clock.js"
import type { HistoryRow } from "../../../history/rows.js"
import { looking } from "../../clusters.js"
import { EXIT } from "../../exit-codes.js"
import { dataText, formatOf } from "../../output.js"
import { historyKept } from "../../state/kept.js"
import type { RunVerb } from "../../surroundings.js"
import { deduplicated, eventTable } from "./happened.js"
import { heard } from "./live-rows.js"

/** What of a history explains that workers are missing. */
const TROUBLES: ReadonlySet<HistoryRow["type"]> = new Set([
  ...(["offer-unavailable", "call", "budget", "problem", "termination-ended", "head", "idle", "detached"] as const),
])

export const run: RunVerb = async (given, surroundings) => {
  const format = formatOf(given, ["table", "json", "yaml"])
  const { explanation, rows, name } = await looking(given, surroundings, async (cluster, target) => {
    await heard(cluster, surroundings)
    const explanation = cluster.explain()
    return { name: target.name, explanation, rows: (await historyKept(target.name, given, surroundings))?.rows ?? [] }
  })
  const events = deduplicated(troublesOf(rows))
  const data = await dataText({ ...explanation, events }, format, surroundings)
  if (data !== undefined) {
    surroundings.out(data)
    return EXIT.ok
  }
  // Whoever only looks has asked for nothing, and does not know what the owner was answered.
  const now = surroundings.clock.now() + wallAheadMs(surroundings.clock)
  const nothing = `"${name}": nothing of it runs now, and this command only looks`
  surroundings.out(`${explanation.groups.length === 0 ? nothing : String(explanation)}\n`)
  if (events.length > 0)
    surroundings.out(`\nWhat its owner met since the last target:\n${eventTable(events, name, now)}`)
  return EXIT.ok
}

/** Since the last target: what came before was forgiven then. */
function troublesOf(all: Iterable<HistoryRow>): readonly HistoryRow[] {
  const rows = [...all]
  const since = rows.findLastIndex(({ type }) => type === "target")
  return rows
    .slice(since + 1)
    .filter((row) => TROUBLES.has(row.type) || (row.type === "finished" && row.outcome !== "success"))
}
