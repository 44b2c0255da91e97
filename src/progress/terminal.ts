/** A frame for a terminal: never more lines than it has, nor than 12, and every kind of trouble in it. Pure. */
import type { Look, Style } from "./look.js"
import {
  countItems,
  etaText,
  HEAD_TEXT,
  kindItems,
  moneyItems,
  passedText,
  taskItems,
  troubleText,
  workItems,
} from "./sentences.js"
import type { ProgressView } from "./model/types.js"
import { cellsIn, clip, short, shown, wrap } from "./words.js"

export interface Size {
  readonly columns: number
  readonly rows: number
}

export const MOST_LINES = 12
/** With less there is no room for bars. */
const LEAST_LINES_FOR_BARS = 10
const LEAST_CELLS_FOR_BARS = 50
const WIDEST_BAR = 48
const LABEL_CELLS = 11

type Segment = readonly [text: string, style?: Style | undefined]
type Line = readonly Segment[]

/** The lines of a frame, painted; none takes more columns than there are. */
export function frameOf(view: ProgressView, { columns, rows }: Size, look: Look): readonly string[] {
  // The last column stays free: some terminals wrap a line that fills it.
  const cells = Math.max(1, columns - 1)
  const most = Math.max(1, Math.min(MOST_LINES, rows))
  const lines = fitted(view, cells, most, look.unicode)
  return lines.map((line, at) => painted(line, at === lines.length - 1 ? lastCells(cells) : cells, look))
}

/** A terminal shows "^C" behind the last line, which must not break it. */
function lastCells(cells: number): number {
  return cells > 20 ? cells - 2 : cells
}

/** The fullest of the layouts whose indispensable lines have room. */
function fitted(view: ProgressView, cells: number, most: number, unicode: boolean): readonly Line[] {
  const kinds = kindLines(view, lastCells(cells))
  const title = titleLine(view, cells, unicode)
  const money = moneyLine(view, unicode)
  const tasks = taskLines(view, unicode)
  const waits = waitLines(view, unicode)
  const details = detailLines(view, unicode)
  if (most >= LEAST_LINES_FOR_BARS && cells >= LEAST_CELLS_FOR_BARS) {
    const head = [title, ...barLines(view, cells, unicode), ...tasks, money]
    if (head.length + kinds.length <= most) return filled({ head, waits, kinds, details }, most)
  }
  const counts = wrap([...countItems(view), ...workItems(view, unicode)], lastCells(cells), ", ").map(
    (text): Line => [[text]],
  )
  const head = [title, ...counts, ...tasks]
  if (head.length + kinds.length <= most) return filled({ head, waits: [money, ...waits], kinds, details }, most)
  if (counts.length + kinds.length <= most) return [...counts, ...kinds]
  return smallest(view, cells, unicode).slice(0, most)
}

interface Parts {
  readonly head: readonly Line[]
  readonly waits: readonly Line[]
  readonly kinds: readonly Line[]
  readonly details: readonly Line[]
}

/** Head and kinds whatever they take, and in the lines that are left what it waits for, then the troubles. */
function filled({ head, waits, kinds, details }: Parts, most: number): readonly Line[] {
  const room = most - head.length - kinds.length
  const more = waits.slice(0, room)
  return [...head, ...more, ...kinds, ...details.slice(0, room - more.length)]
}

/** With fewer a name says nothing. */
const LEAST_CELLS_FOR_NAME = 4

/** In two lines what matters most; the first alone says whose it is, where that has room, and that there is trouble. */
function smallest(view: ProgressView, cells: number, unicode: boolean): readonly Line[] {
  const { cluster, running, desired, phase, troubles } = view
  const state = `${running}/${desired} ${phase}`
  const room = cells - cellsIn(state) - 3
  const name = room < LEAST_CELLS_FOR_NAME ? "" : `${clip(shown(cluster, unicode), room, unicode)} `
  const counts = `${name}${state}`
  if (troubles.length === 0) return [[[counts]]]
  const count = troubles.reduce((sum, one) => sum + one.count, 0)
  const kinds = new Set(troubles.map(({ kind }) => kind)).size
  return [[["!", "red"], [` ${counts}`]], [[`! ${short(count)} of ${kinds} kinds`, "red"]]]
}

function titleLine(view: ProgressView, cells: number, unicode: boolean): Line {
  const { cluster, places, phase, elapsedMs } = view
  const state = [phase, passedText(elapsedMs), etaText(view)].filter((text) => text !== "").join("  ")
  const [latest = "", ...others] = places
  const place = others.length === 0 ? latest : `${latest} and ${others.length} more`
  const room = cells - cellsIn(state) - 2
  const name = shown(cluster, unicode)
  if (room < cellsIn(name)) return [[clip(name, Math.max(0, room), unicode), "bold"], [room > 0 ? `  ${state}` : state]]
  const left = clip(shown(`${cluster}  ${place}`, unicode), room, unicode)
  const gap = " ".repeat(Math.max(2, cells - cellsIn(left) - cellsIn(state)))
  return [[left.slice(0, name.length), "bold"], [left.slice(name.length), "dim"], [gap], [state]]
}

function barLines(view: ProgressView, cells: number, unicode: boolean): readonly Line[] {
  const { desired, running, ready, booting, requested, missing, surplus, ending, interrupted, work } = view
  const total = Math.max(1, desired + surplus, ending)
  const width = Math.min(WIDEST_BAR, cells - LABEL_CELLS - 20)
  const bar = (label: string, count: number, style: Style, of = total, unit = ""): Line => {
    const full = blocks((width * Math.min(count, of)) / Math.max(1, of), unicode)
    const quiet = count === 0 ? "dim" : undefined
    const room = " ".repeat(width - full.length)
    const name = clip(`  ${label}`, LABEL_CELLS + 1, unicode)
    return [
      [`${name}${" ".repeat(LABEL_CELLS + 2 - cellsIn(name))}`, quiet],
      [full, style],
      [`${room} ${String(count).padStart(6)}`, quiet],
      [unit],
    ]
  }
  const leaving = ending + interrupted
  const { succeeded, failed } = view.finished
  const done = succeeded + failed
  const failedText = failed === 0 ? "" : `, ${failed} failed`
  return [
    bar(
      "running",
      running,
      "green",
      total,
      `${desired === 0 ? "" : ` of ${desired}`}${ready < running ? `, ${ready} ready` : ""}`,
    ),
    bar("booting", booting, "yellow"),
    bar("requested", requested, "cyan"),
    bar("missing", missing, "red"),
    ...(done > 0 ? [bar("finished", done, "green", done + total, failedText)] : []),
    ...(leaving > 0 ? [bar("leaving", leaving, "magenta")] : []),
    ...(work === undefined
      ? []
      : [bar(`${shown(work.noun, unicode)}s`, work.done, "cyan", work.total, ` of ${work.total}`)]),
  ]
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

/** What is there at all is seen. */
function blocks(cells: number, unicode: boolean): string {
  if (!unicode) return "#".repeat(Math.ceil(cells))
  const eighths = cells > 0 ? Math.max(1, Math.floor(cells * 8)) : 0
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "")
}

function moneyLine(view: ProgressView, unicode: boolean): Line {
  const { ageMs, gone } = view
  const age = ageMs === undefined ? [] : [ageMs < 1_000 ? "as of now" : `as of ${passedText(ageMs)} ago`]
  const items = [...moneyItems(view), ...age, ...(gone > 0 ? [`${gone} gone`] : [])]
  return [[items.join(unicode ? " · " : ", "), "dim"]]
}

/** At most one. */
function taskLines(view: ProgressView, unicode: boolean): readonly Line[] {
  const items = taskItems(view)
  return items.length === 0 ? [] : [[[items.join(unicode ? " · " : ", ")]]]
}

/** What it waits for, as far as there is something to say. */
function waitLines(view: ProgressView, unicode: boolean): readonly Line[] {
  const { stopped, oldest, slowestBoot, typicalBootMs, groups, head } = view
  const lines: Line[] = []
  if (stopped !== undefined) lines.push([[`stopped until the next scale: ${shown(stopped, unicode)}`, "red"]])
  if (oldest !== undefined) {
    const typical = typicalBootMs === undefined ? "" : ` (typical ${passedText(typicalBootMs)})`
    lines.push([[`oldest: ${shown(oldest.name, unicode)} boots for ${passedText(oldest.ms)}${typical}`]])
  } else if (slowestBoot !== undefined) lines.push([[`slowest: ${shown(slowestBoot, unicode)}`]])
  // One that is there and ready is not waited for.
  if (head !== undefined && head !== "ready") lines.push([[HEAD_TEXT[head], "dim"]])
  if (groups.length > 1) {
    const counts = groups.map(({ group, running, desired }) => `${shown(group, unicode)} ${running}/${desired}`)
    lines.push([[`groups: ${counts.join(", ")}`, "dim"]])
  }
  return lines
}

/** The troubles, and the latest note and piece of work. */
function detailLines({ troubles, at, note, work }: ProgressView, unicode: boolean): readonly Line[] {
  const texts = troubles.map((trouble) => troubleText(trouble, at, unicode))
  const notes = [note, work?.latest].flatMap((text) => (text === undefined ? [] : [shown(text, unicode)]))
  return [...texts, ...notes].map((text) => [[`  ${text}`, "dim"]])
}

function kindLines(view: ProgressView, cells: number): readonly Line[] {
  const [first, ...others] = kindItems(view)
  if (first === undefined) return []
  return wrap([`! ${first}`, ...others], cells, ", ").map((text): Line => [[text, "red"]])
}

/** Cut before it is coloured: colours have no width. */
function painted(line: Line, cells: number, { paint, unicode }: Look): string {
  let room = cells
  let text = ""
  for (const [part, style] of line) {
    const fits = clip(part, room, unicode)
    room -= cellsIn(fits)
    text += style === undefined || fits === "" ? fits : paint(style, fits)
  }
  return text
}
