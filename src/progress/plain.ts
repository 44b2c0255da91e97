/** Lines for logs: one when something changes, and one now and then so that no reader takes a silent job for a dead one. Pure. */
import {
  countItems,
  etaText,
  kindItems,
  moneyItems,
  passedText,
  taskItems,
  troubleText,
  workItems,
} from "./sentences.js"
import type { ProgressView } from "./model/types.js"
import { shown } from "./words.js"

/** While something is to come, and while all is as it was asked for. */
const HEARTBEAT_MS = 15_000
const CALM_HEARTBEAT_MS = 60_000
/** So that what changes many times a second is one line. */
const LEAST_MS = 1_000
/** Lines of new troubles at one time; the others follow. */
const MOST_NEW = 5

/** What was said already. */
export interface Said {
  readonly at: number
  readonly state: string
  readonly troubles: ReadonlySet<string>
  readonly note?: string | undefined
}

export const NOTHING_SAID: Said = { at: Number.NEGATIVE_INFINITY, state: "", troubles: new Set() }

export interface Due {
  readonly lines: readonly string[]
  readonly said: Said
}

/** The lines that are due, none of them often. @param isLast says the last state in any case, and each trouble once. */
export function plainDue(view: ProgressView, said: Said, { unicode, isLast }: PlainOptions): Due {
  const { at, troubles, note } = view
  if (at - said.at < LEAST_MS && !isLast) return { lines: [], said }
  const fresh = troubles.filter(({ kind, code }) => !said.troubles.has(`${kind} ${code}`))
  const told = fresh.slice(0, isLast ? fresh.length : MOST_NEW)
  const state = stateOf(view)
  const isDue = state !== said.state || at - said.at >= heartbeatMs(view)
  const lines = [
    ...told.map((trouble) => `${titleOf(view, unicode)}: ${troubleText(trouble, at, unicode)}`),
    ...(note === undefined || note === said.note ? [] : [`${titleOf(view, unicode)}: ${shown(note, unicode)}`]),
    ...(isDue || isLast ? [lineOf(view, unicode)] : []),
  ]
  if (lines.length === 0) return { lines, said }
  const known = new Set([...said.troubles, ...told.map(({ kind, code }) => `${kind} ${code}`)])
  return { lines, said: { at, state, troubles: known, note } }
}

interface PlainOptions {
  readonly unicode: boolean
  readonly isLast: boolean
}

/** A line is due when this changes: the phase, the target, and each quarter of it, of the work and of the tasks. */
function stateOf({ phase, desired, ready, ending, work, finished, tasks }: ProgressView): string {
  const quarter = desired === 0 ? Math.ceil(Math.log2(ending + 1)) : Math.floor((4 * ready) / desired)
  const done = work === undefined ? "" : Math.floor((4 * work.done) / Math.max(1, work.total))
  const { succeeded, failed } = finished
  const ended = succeeded + failed
  const { total = 0, read = 0, done: did = 0, failed: failures = 0 } = tasks ?? {}
  const tasked = total === 0 ? Math.ceil(Math.log2(read + 1)) : Math.floor((4 * (did + failures)) / total)
  // What finishes lowers the target: each quarter of what was asked for is a line.
  return `${phase} ${desired + ended} ${quarter} ${done} ${Math.floor((4 * ended) / Math.max(1, desired + ended))} ${total} ${tasked}`
}

function heartbeatMs({ phase, tasks }: ProgressView): number {
  if ((tasks?.running ?? 0) > 0) return HEARTBEAT_MS
  return phase === "running" || phase === "empty" ? CALM_HEARTBEAT_MS : HEARTBEAT_MS
}

function titleOf({ cluster, elapsedMs }: ProgressView, unicode: boolean): string {
  return `${shown(cluster, unicode)} ${passedText(elapsedMs)}`
}

function lineOf(view: ProgressView, unicode: boolean): string {
  const { phase, stopped, slowestBoot, ready, running } = view
  const kinds = kindItems(view)
  const parts = [
    [...countItems(view), ...workItems(view, unicode)].join(", "),
    taskItems(view).join(", "),
    etaText(view),
    moneyItems(view).join(", "),
    slowestBoot === undefined || ready === running ? "" : `slowest: ${shown(slowestBoot, unicode)}`,
    kinds.length === 0 ? "" : `trouble: ${kinds.join(", ")}`,
    stopped === undefined ? "" : `stopped until the next scale: ${shown(stopped, unicode)}`,
  ].filter((part) => part !== "")
  return `${titleOf(view, unicode)}: ${phase}: ${parts.join("; ")}`
}
