/** What happened to a cluster, as people read it: alike rows of its history are one, with their count. */
import type { HistoryRow, RowBody } from "../../../history/rows.js"
import { placeName } from "../../../text.js"
import { age, table } from "../../table.js"

type ReadyRow = Extract<RowBody, { type: "ready" }>
type FinishedRow = Extract<RowBody, { type: "finished" }>

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

/** A row in words; undefined for what other columns and verbs show. Pure. */
export function wordsOf(row: HistoryRow): string | undefined {
  const because = (text: string | undefined) => (text === undefined ? "" : `: ${text}`)
  if (row.type === "budget" || row.type === "note" || row.type === "idle") return row.message
  switch (row.type) {
    case "target":
      return targetText(row.desired)
    case "adapt":
      return `${row.ended === true ? "follows its demand no more" : `follows its demand to ${row.target}`}: ${row.why}`
    case "plan":
      return `to start: ${row.instanceType} ${row.market} in ${placeName(row.provider, row.region)}`
    case "launch-ended":
      return `launch ${row.outcome}${because(row.message)}`
    case "offer-unavailable":
      return `${row.reason} (${row.code}): ${row.message}`
    case "call":
      return `${row.api} in ${placeName(row.provider, row.region)}: ${row.error}${because(row.message)}`
    case "worker":
      return `${row.adopted === true ? "taken over: " : ""}${row.to}${because(row.reason)}`
    case "finished":
      return finishedText(row)
    case "ready":
      return readyText(row)
    case "head":
      return row.tail === undefined ? row.message : `${row.message}; ${row.tail}`
    case "drained":
      return row.hasLeft ? "let go of what it held" : `had not let go of what it held${because(row.message)}`
    case "termination-started":
      return "told to end"
    case "termination-ended":
      return row.failed === 0 ? undefined : `${row.failed} could not be ended`
    case "problem":
      return `${row.error}: ${row.message}`
    case "closed":
      return `closed: ${row.instances} instances ended, ${row.leaked} left${because(row.reason)}`
    case "detached":
      return "let go of: nobody replaces what is lost"
    case "more":
      return "more of one second, not kept"
    // `muster boots` shows them.
    case "boot":
    case "cost":
      return undefined
  }
}

function targetText(desired: Readonly<Record<string, number>>): string {
  const counts = Object.entries(desired).map(([group, count]) => `${group} ${count}`)
  return `target: ${counts.join(", ")}`
}

function finishedText({ outcome, action, step, exitCode, tail, advice }: FinishedRow): string {
  const what = step === undefined ? "ended, and nothing tells how" : `${step} ended with exit code ${exitCode}`
  const next = action === "end" ? "the target falls by it" : "it is replaced"
  const words = [`${outcome}: ${what}; ${next}`, tail, advice].filter((text) => text !== undefined)
  return words.join("; ")
}

const FOLLOWS = { wait: "it is looked at on", keep: "it is kept for looking at", replace: "it is replaced" } as const

function readyText({ isReady, action = "wait", check, exitCode, tail }: ReadyRow): string {
  if (isReady) return "ready"
  const what = check === undefined ? "" : `: ${check} ended with exit code ${exitCode}`
  return [`not ready${what}; ${FOLLOWS[action]}`, tail].filter((text) => text !== undefined).join("; ")
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
  if ((row.type !== "worker" && row.type !== "finished" && row.type !== "ready") || !Array.isArray(row.names))
    return row.count
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

/** Rows of events on a page; `muster events` has them all. */
const MOST_EVENTS = 20

/** The newest of them as a table. */
export function eventTable(events: readonly Happened[], name: string, now: number): string {
  if (events.length === 0) return "none are kept on this machine\n"
  const left = events.length - MOST_EVENTS
  const rows = events.slice(-MOST_EVENTS).map((one) => eventCells(one, now))
  return `${table(EVENT_HEAD, rows)}${left > 0 ? `${left} earlier ones: muster events ${name}\n` : ""}`
}

/** What begins a page: a line for each, its text under those of the others. */
export function factLines(facts: readonly (readonly [head: string, text: string])[]): string {
  const width = Math.max(...facts.map(([head]) => head.length))
  return facts.map(([head, text]) => `${head.padEnd(width)}  ${text}\n`).join("")
}
