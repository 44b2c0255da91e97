/** Lines for programs: one JSON object each, of a version that only gains fields. Pure. */
import type { ProgressView } from "./model/types.js"

/** Another number when a field changes its meaning or goes; readers leave alone what they do not know. */
export const VERSION = 1

const HEARTBEAT_MS = 15_000
const LEAST_MS = 1_000

export interface Written {
  readonly at: number
  readonly state: string
}

export const NOTHING_WRITTEN: Written = { at: Number.NEGATIVE_INFINITY, state: "" }

/** A line when counts, phase or troubles have changed, at most one a second, and one every 15 s. */
export function jsonDue(
  view: ProgressView,
  written: Written,
  isLast: boolean,
): { readonly lines: readonly string[]; readonly written: Written } {
  const { at } = view
  const passedMs = at - written.at
  if (passedMs < LEAST_MS && !isLast) return { lines: [], written }
  const state = stateOf(view)
  if (state === written.state && passedMs < HEARTBEAT_MS && !isLast) return { lines: [], written }
  return { lines: [jsonLine(view, isLast)], written: { at, state } }
}

/** `type` is "progress", or "end" for the last one. */
export function jsonLine(view: ProgressView, isLast: boolean): string {
  return escaped(JSON.stringify({ v: VERSION, type: isLast ? "end" : "progress", ...view }))
}

/** What changes all the time is left out. */
function stateOf({
  phase,
  desired,
  running,
  ready,
  booting,
  requested,
  finished,
  interrupted,
  ending,
  troubles,
  stopped,
  work,
  tasks,
}: ProgressView): string {
  const { perSecond: _pace, leftMs: _left, ...counted } = tasks ?? {}
  const counts = troubles.map(({ kind, code, count }) => [kind, code, count])
  return JSON.stringify([
    phase,
    desired,
    running,
    ready,
    booting,
    requested,
    finished,
    interrupted,
    ending,
    counts,
    stopped,
    work,
    counted,
  ])
}

/** What JSON leaves as it is and a terminal would obey. */
function escaped(line: string): string {
  return line.replaceAll(/[\u007f-\u009f\p{Cf}\u2028\u2029]/gu, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  )
}
