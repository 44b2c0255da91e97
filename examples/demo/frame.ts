/** Progress as text: a frame of fixed height for terminals, one line for everything else. Pure. */
import { countIn, type Progress, spentAt } from "./progress.js"

export type Style = "bold" | "dim" | "cyan" | "green" | "yellow" | "red" | "magenta"
export type Paint = (style: Style, text: string) => string

export interface Look {
  readonly columns: number
  readonly paint: Paint
  /** False where only ASCII can be shown. */
  readonly unicode: boolean
}

/** Title, five states, work, money, note. */
export const FRAME_HEIGHT = 9

const LABEL_WIDTH = 10
const COUNT_WIDTH = 9
const WIDEST_BAR = 48
/** Full first, then growing eighths. */
const BLOCKS = { full: "█", parts: ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] } as const

type Segment = readonly [text: string, style?: Style]

/** The frame: always `FRAME_HEIGHT` lines, none wider than the columns. */
export function frameOf(progress: Progress, now: number, look: Look): readonly string[] {
  const { states, desired } = progress
  const total = Math.max(desired, states.size, 1)
  const rows = [
    bar("asked for", desired, total, "cyan", look),
    bar("pending", countIn(progress, "pending"), total, "yellow", look),
    bar("running", countIn(progress, "running", "interrupted"), total, "green", look),
    bar("ending", countIn(progress, "terminating", "failed"), total, "magenta", look),
    bar("gone", countIn(progress, "terminated", "lost"), total, "dim", look),
  ]
  const lines: readonly (readonly Segment[])[] = [
    titleOf(progress, now, look),
    ...rows,
    workOf(progress, look),
    moneyOf(progress, now, look),
    noteOf(progress, look),
  ]
  return lines.map((segments) => clipped(segments, look))
}

/** What it is doing, in a few words: a new line is due when they change. */
export function phaseOf(progress: Progress): string {
  const { asked, desired, closed, work } = progress
  if (closed) return "closed"
  if (!asked) return "opening"
  if (desired === 0) return "ending"
  if (countIn(progress, "running") < desired) return "launching"
  return work === undefined
    ? "running"
    : `running, ${Math.floor((4 * work.done) / work.total) * 25} % of the ${work.noun}s`
}

/** One line for logs. */
export function lineOf(progress: Progress, now: number): string {
  const { title, desired } = progress
  const counts = [
    `asked for ${desired}`,
    `pending ${countIn(progress, "pending")}`,
    `running ${countIn(progress, "running", "interrupted")}`,
    `ending ${countIn(progress, "terminating", "failed")}`,
    `gone ${countIn(progress, "terminated", "lost")}`,
  ]
  return `${seconds(progress, now)} ${title}: ${phaseOf(progress)} (${counts.join(", ")})`
}

function titleOf(progress: Progress, now: number, look: Look): readonly Segment[] {
  const time = `${seconds(progress, now)} `
  const room = Math.max(1, look.columns - time.length)
  return [
    [progress.title.slice(0, room - 1).padEnd(room), "bold"],
    [time, "dim"],
  ]
}

function bar(label: string, count: number, total: number, style: Style, look: Look): readonly Segment[] {
  const width = Math.min(WIDEST_BAR, Math.max(0, look.columns - LABEL_WIDTH - COUNT_WIDTH - 4))
  const filled = blocks((width * Math.min(count, total)) / total, look.unicode)
  return [
    [`  ${label.padEnd(LABEL_WIDTH)}`, count === 0 ? "dim" : undefined],
    [filled.padEnd(width), style],
    [` ${String(count).padStart(4)}`, count === 0 ? "dim" : undefined],
  ].map(([text = "", segment]) => (segment === undefined ? [text] : [text, segment as Style]))
}

function blocks(cells: number, unicode: boolean): string {
  if (!unicode) return "#".repeat(Math.ceil(cells))
  const eighths = Math.round(cells * 8)
  return BLOCKS.full.repeat(Math.floor(eighths / 8)) + (BLOCKS.parts[eighths % 8] ?? "")
}

function workOf({ work }: Progress, look: Look): readonly Segment[] {
  if (work === undefined) return []
  const [label, width, count] = bar(`${work.noun}s`, work.done, work.total, "cyan", look)
  return [label, width, count]
    .flatMap((segment) => (segment === undefined ? [] : [segment]))
    .concat([[` of ${work.total}`]])
}

function moneyOf(progress: Progress, now: number, look: Look): readonly Segment[] {
  const dot = look.unicode ? "·" : "-"
  const rate = `$${progress.pricePerHour.toFixed(2)}/h`
  const spent = `$${spentAt(progress, now).toFixed(4)} so far`
  return [[`  ${rate} ${dot} ${spent} ${dot} an estimate, from pretended prices`, "dim"]]
}

function noteOf({ note, work }: Progress, look: Look): readonly Segment[] {
  if (note !== "") return [[`  ! ${oneLine(note)}`, "red"]]
  return work === undefined || work.latest === ""
    ? []
    : [[`  ${look.unicode ? "└" : "\\"} ${oneLine(work.latest)}`, "dim"]]
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ")
}

function seconds({ startedAt, at, closed }: Progress, now: number): string {
  return `${Math.max(0, ((closed ? at : now) - startedAt) / 1000)
    .toFixed(1)
    .padStart(5)} s`
}

/** Cut to the columns before it is coloured: colours have no width. */
function clipped(segments: readonly Segment[], { columns, paint }: Look): string {
  let room = columns
  let line = ""
  for (const [text, style] of segments) {
    const part = text.slice(0, room)
    room -= part.length
    if (part !== "") line += style === undefined ? part : paint(style, part)
  }
  return line
}
