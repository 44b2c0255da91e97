/** Picture: workers by state over time, as an SVG document that stands alone. Pure. */
import { roundTicks, spanText, timeTicks } from "./axes.js"
import type { Rehearsal } from "./rehearsal.js"
import type { Mark, Sample } from "./timeline.js"

const WIDTH = 960
const PLOT = { left: 68, right: 936, top: 132, bottom: 388 } as const
/** Under the plot: what struck workers, and what was refused. */
const LANES = {
  struck: { top: 434, label: "taken back, lost or failed" },
  refused: { top: 478, label: "offers refused" },
}
const LANE_HEIGHT = 20
const HEIGHT = 548
/** Marks are written above the plot in so many rows. */
const MARK_ROWS = 3
const MARK_ROW_HEIGHT = 15

/**
 * Bottom up. Colours of Okabe and Ito ("Color Universal Design"), told apart by every kind of colour vision, and by
 * lightness alone in the order of the stack.
 */
const AREAS = [
  { key: "running", label: "running", className: "running" },
  { key: "interrupted", label: "running, under notice", className: "notice" },
  { key: "pending", label: "pending", className: "pending" },
  { key: "booked", label: "asked for", className: "booked" },
  { key: "ending", label: "ending", className: "ending" },
] as const satisfies readonly { key: keyof Sample; label: string; className: string }[]

/** By class: in a light page, and in a dark one. No variables: not everything that shows SVG knows them. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  paper: ["#ffffff", "#14181f"],
  ink: ["#1d2430", "#e8ecf2"],
  soft: ["#5c6675", "#9aa5b4"],
  running: ["#0072b2", "#2b95d6"],
  notice: ["#e69f00", "#f0b429"],
  pending: ["#56b4e9", "#8fd0f5"],
  booked: ["#cfe6f5", "#37536a"],
  ending: ["#8d949e", "#9aa3af"],
  struck: ["#d55e00", "#ff7a2f"],
  refused: ["#9b5f8a", "#d598c0"],
}

/** Lines, by class. */
const STROKES: typeof COLOURS = {
  rule: ["#d9dee6", "#333c49"],
  axis: ["#5c6675", "#9aa5b4"],
  line: ["#1d2430", "#e8ecf2"],
}

function styleSheet(shade: 0 | 1): string {
  const fills = Object.entries(COLOURS).map(([name, colours]) => `.${name}{fill:${colours[shade]}}`)
  const strokes = Object.entries(STROKES).map(([name, colours]) => `.${name}{stroke:${colours[shade]}}`)
  return [...fills, ...strokes].join("")
}

const STYLE = [
  'text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}',
  "text.title{font-size:18px;font-weight:600}",
  ".desired{stroke-width:1.5;stroke-dasharray:5 3;fill:none}.mark{stroke-dasharray:2 3}",
  ".end{text-anchor:end}.middle{text-anchor:middle}",
  styleSheet(0),
  `@media (prefers-color-scheme:dark){${styleSheet(1)}}`,
].join("\n")

type Pictured = Omit<Rehearsal, "svg" | "report">

export function drawPicture(rehearsal: Pictured): string {
  const { timeline } = rehearsal
  const scale = scaleOf(timeline)
  const parts = [
    heading(rehearsal),
    grid(scale),
    ...stack(timeline, scale),
    line(timeline, scale),
    ...marks(rehearsal.marks, scale),
    ...lane(timeline, scale, "struck"),
    ...lane(timeline, scale, "refused"),
    legend(),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(titleOf(rehearsal))}</title>`,
    `<desc id="desc">${escaped(summaryOf(rehearsal))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n")
}

function titleOf({ scenario, desired }: Pictured): string {
  return `${scenario}: ${desired} workers`
}

/** What the picture shows, in a sentence. */
export function summaryOf({ desired, reachedMs, running, receipt, timeline }: Pictured): string {
  const struck = timeline.reduce((sum, sample) => sum + sample.struck, 0)
  const came = reachedMs === undefined ? `never all ran` : `all ran after ${spanText(reachedMs)}`
  return `${came}; ${struck} were taken back, lost or failed; ${running} of ${desired} ran at the end; ${receipt.instances.length} instances in all`
}

interface Scale {
  readonly mostMs: number
  readonly most: number
  readonly x: (ms: number) => number
  readonly y: (count: number) => number
}

function scaleOf(timeline: readonly Sample[]): Scale {
  const mostMs = Math.max(1, ...timeline.map(({ atMs }) => atMs))
  const highest = Math.max(1, ...timeline.map((sample) => Math.max(sample.desired, heightOf(sample, AREAS.length))))
  // Air above the highest point.
  const most = highest * 1.06
  return {
    mostMs,
    most,
    x: (ms) => rounded(PLOT.left + (ms / mostMs) * (PLOT.right - PLOT.left)),
    y: (count) => rounded(PLOT.bottom - (count / most) * (PLOT.bottom - PLOT.top)),
  }
}

/** The height of the lowest `layers` areas. */
function heightOf(sample: Sample, layers: number): number {
  return AREAS.slice(0, layers).reduce((sum, { key }) => sum + sample[key], 0)
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

function heading(rehearsal: Pictured): string {
  const story = `${rehearsal.story} (seed ${rehearsal.seed})`
  return [
    text({ x: 24, y: 34, className: "title ink" }, titleOf(rehearsal)),
    text({ x: 24, y: 54, className: "soft" }, story),
    text({ x: 24, y: 71, className: "ink" }, summaryOf(rehearsal)),
  ].join("\n")
}

function grid({ most, mostMs, x, y }: Scale): string {
  const rows = roundTicks(most, 8).flatMap((count) => [
    `<line class="rule" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(count)}" y2="${y(count)}"/>`,
    text({ x: PLOT.left - 8, y: y(count) + 4, className: "soft end" }, String(count)),
  ])
  const columns = timeTicks(mostMs, 10).flatMap(({ atMs, text: content }) => [
    `<line class="axis" x1="${x(atMs)}" x2="${x(atMs)}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 4}"/>`,
    text({ x: x(atMs), y: PLOT.bottom + 18, className: "soft middle" }, content),
  ])
  const middle = (PLOT.top + PLOT.bottom) / 2
  const label = `<text class="soft middle" transform="translate(18 ${middle}) rotate(-90)">workers</text>`
  return [...rows, ...columns, label].join("\n")
}

/** States hold until the next sample: steps, not slopes. */
function stack(timeline: readonly Sample[], { x, y }: Scale): readonly string[] {
  return AREAS.map(({ className }, layer) => {
    const upper = steps(timeline, x, (sample) => y(heightOf(sample, layer + 1)))
    const lower = steps(timeline, x, (sample) => y(heightOf(sample, layer)))
    return `<polygon class="${className}" points="${[...upper, ...lower.reverse()].join(" ")}"/>`
  })
}

function line(timeline: readonly Sample[], { x, y }: Scale): string {
  return `<polyline class="desired line" points="${steps(timeline, x, ({ desired }) => y(desired)).join(" ")}"/>`
}

/** Corners only, where the height changes: a calm hour is two points. */
function steps(timeline: readonly Sample[], x: Scale["x"], height: (sample: Sample) => number): string[] {
  const points: string[] = []
  let before: number | undefined
  for (const sample of timeline) {
    const at = height(sample)
    if (at === before) continue
    if (before !== undefined) points.push(`${x(sample.atMs)},${before}`)
    points.push(`${x(sample.atMs)},${at}`)
    before = at
  }
  const last = timeline.at(-1)
  if (last !== undefined && before !== undefined) points.push(`${x(last.atMs)},${before}`)
  return points
}

/** Roughly, of the font above. */
const LETTER_WIDTH = 6.4

/** Each in the first row where it does not touch the one before. */
function marks(all: readonly Mark[], { x, mostMs }: Scale): readonly string[] {
  const ends = Array.from({ length: MARK_ROWS }, () => 0)
  return all
    .filter(({ atMs }) => atMs <= mostMs)
    .flatMap(({ atMs, what, kind }) => {
      const at = x(atMs)
      const width = what.length * LETTER_WIDTH
      const isLate = at + width > WIDTH - 16
      const from = isLate ? at - width - 4 : at + 4
      const free = ends.findIndex((end) => end <= from)
      const row = free === -1 ? MARK_ROWS - 1 : free
      ends[row] = Math.max(ends[row] ?? 0, from + width + 8)
      const y = PLOT.top - 6 - (MARK_ROWS - 1 - row) * MARK_ROW_HEIGHT
      return [
        `<line class="mark axis" x1="${at}" x2="${at}" y1="${y - 10}" y2="${PLOT.bottom}"/>`,
        text(
          {
            x: isLate ? at - 4 : at + 4,
            y,
            className: `${kind === "cluster" ? "ink" : "struck"}${isLate ? " end" : ""}`,
          },
          what,
        ),
      ]
    })
}

/** So wide is one bar of a lane, in the picture's units. */
const BAR_WIDTH = 4

/** Bars for what happened in each short while; the highest bar says how many it is. */
function lane(timeline: readonly Sample[], { x }: Scale, key: "struck" | "refused"): readonly string[] {
  const { top, label } = LANES[key]
  const bars = new Map<number, number>()
  for (const sample of timeline) {
    if (sample[key] === 0) continue
    const at = Math.floor(x(sample.atMs) / BAR_WIDTH) * BAR_WIDTH
    bars.set(at, (bars.get(at) ?? 0) + sample[key])
  }
  const highest = Math.max(0, ...bars.values())
  const total = [...bars.values()].reduce((sum, count) => sum + count, 0)
  const bottom = top + LANE_HEIGHT
  return [
    text(
      { x: PLOT.left, y: top - 4, className: "soft" },
      `${label}: ${total}${total > 0 ? `, at most ${highest} at once` : ""}`,
    ),
    `<line class="rule" x1="${PLOT.left}" x2="${PLOT.right}" y1="${bottom}" y2="${bottom}"/>`,
    ...[...bars].map(([at, count]) => {
      const height = rounded(Math.max(2, (count / highest) * (LANE_HEIGHT - 2)))
      return `<rect class="${key}" x="${at}" y="${rounded(bottom - height)}" width="${BAR_WIDTH - 1}" height="${height}"/>`
    }),
  ]
}

function legend(): string {
  const entries = [
    ...AREAS.map(({ label, className }) => ({ label, className })),
    { label: "wanted", className: "desired" },
  ]
  let x = PLOT.left
  return entries
    .map(({ label, className }) => {
      const at = x
      x += 26 + label.length * LETTER_WIDTH + 18
      const y = HEIGHT - 16
      const swatch =
        className === "desired"
          ? `<line class="desired line" x1="${at}" x2="${at + 18}" y1="${y - 4}" y2="${y - 4}"/>`
          : `<rect class="${className}" x="${at}" y="${y - 11}" width="18" height="13"/>`
      return `${swatch}\n${text({ x: at + 24, y, className: "ink" }, label)}`
    })
    .join("\n")
}

function text({ x, y, className }: { x: number; y: number; className?: string }, content: string): string {
  return `<text${className === undefined ? "" : ` class="${className}"`} x="${x}" y="${y}">${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")
}
