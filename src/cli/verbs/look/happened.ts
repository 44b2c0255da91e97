/** What happened to a cluster, as people read it: alike rows of its history are one, with their count. */
import type { ClusterHistory } from "../../../history/read.js"
import type { HistoryRow } from "../../../history/rows.js"
import { journalDirectoryIfAny } from "../../local-state.js"
import type { Given, Surroundings } from "../../surroundings.js"
import { age } from "../../table.js"

/** Alike rows. Moments are in milliseconds since 1970. */
export interface Happened {
  readonly type: HistoryRow["type"]
  /** Where it was about one group. */
  readonly group?: string
  readonly message: string
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

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
  const read = async () => (await import("../../../history/read.js")).readHistory(name, { journal, clock, ...more })
  return clock.busy("reading the history", read())
}

/** A row in words; undefined for what other columns and verbs show. Pure. */
export function wordsOf(row: HistoryRow): string | undefined {
  const because = (text: string | undefined) => (text === undefined ? "" : `: ${text}`)
  switch (row.type) {
    case "target":
      return `target: ${Object.entries(row.desired)
        .map(([group, count]) => `${group} ${count}`)
        .join(", ")}`
    case "plan":
      return `to start: ${row.instanceType} ${row.market} in ${row.provider} ${row.region}`
    case "launch-ended":
      return `launch ${row.outcome}${because(row.message)}`
    case "offer-unavailable":
      return `${row.reason} (${row.code}): ${row.message}`
    case "call":
      return `${row.api} in ${row.provider} ${row.region}: ${row.error}${because(row.message)}`
    case "worker":
      return `${row.adopted === true ? "taken over: " : ""}${row.to}${because(row.reason)}`
    case "termination-started":
      return "told to end"
    case "termination-ended":
      return row.failed === 0 ? undefined : `${row.failed} could not be ended`
    case "budget":
    case "note":
      return row.message
    case "problem":
      return `${row.error}: ${row.message}`
    case "closed":
      return `closed: ${row.instances} instances ended, ${row.leaked} left`
    case "detached":
      return "let go of: nobody replaces what is lost"
    case "more":
      return "more of one second, not kept"
    case "cost":
      return undefined
  }
}

/** By when each was last. A worker that came to the same state again counts once, as far as its name is kept. Pure. */
export function deduplicated(rows: Iterable<HistoryRow>): readonly Happened[] {
  const alike = new Map<string, Happened>()
  const known = new Map<string, Set<string>>()
  for (const row of rows) {
    const message = wordsOf(row)
    if (message === undefined) continue
    const group = "group" in row && row.group !== undefined ? { group: row.group } : {}
    const key = JSON.stringify([row.type, group, message])
    const { count = 0, firstAt = row.at } = alike.get(key) ?? {}
    alike.delete(key)
    const lastAt = row.until ?? row.at
    const names = known.get(key) ?? new Set()
    known.set(key, names)
    alike.set(key, { type: row.type, ...group, message, count: count + newIn(row, names), firstAt, lastAt })
  }
  return [...alike.values()]
}

/** How many of a row's count were not in the rows before it; their names are added to `known`. */
function newIn(row: HistoryRow, known: Set<string>): number {
  if (row.type !== "worker" || !Array.isArray(row.names)) return row.count
  const before = known.size
  for (const name of row.names) known.add(name)
  return known.size - before + Math.max(0, row.count - row.names.length)
}

export const EVENT_HEAD: readonly string[] = ["TYPE", "AGE", "GROUP", "MESSAGE"]

/** @param now by the clock of day, in milliseconds since 1970. */
export function eventCells({ type, group, message, count, firstAt, lastAt }: Happened, now: number): readonly string[] {
  const times = count === 1 ? "" : ` (×${count} over ${age(now - firstAt)})`
  return [type, `${age(Math.max(0, now - lastAt))}${times}`, group ?? "-", message]
}
