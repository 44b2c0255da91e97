/** Picture: demand, workers and price of one wave over its time, as an SVG document that stands alone. Pure. */
import { roundTicks, timeTicks } from "../../../src/rehearsal/axes.js"
import type { Moment, Played } from "./play.js"

const WIDTH = 960
const [LEFT, RIGHT] = [68, 936]
const PANELS = { workers: { top: 96, bottom: 360 }, price: { top: 420, bottom: 520 } } as const
const HEIGHT = 588

/** Colours of Okabe and Ito, told apart by every kind of colour vision. */
const STYLE = [
  'text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1d2430}',
  "text.title{font-size:18px;font-weight:600}text.soft{fill:#5c6675}.end{text-anchor:end}.middle{text-anchor:middle}",
  ".paper{fill:#fff}.rule{stroke:#d9dee6}.ready{fill:#56b4e9}.booting{fill:#cfe6f5}",
  ".demand{stroke:#d55e00;stroke-width:1.5;fill:none}.target{stroke:#1d2430;stroke-width:1.5;stroke-dasharray:5 3;fill:none}",
  ".price{stroke:#009e73;stroke-width:2;fill:none}",
].join("\n")

export function wavePicture(played: Played): string {
  const { moments, wave } = played
  const mostMs = Math.max(1, ...moments.map(({ atMs }) => atMs))
  const x = (ms: number) => rounded(LEFT + (ms / mostMs) * (RIGHT - LEFT))
  const title = `${wave.kind}: demand, workers and price`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${title}</title><desc id="desc">${summaryOf(played)}</desc>`,
    `<style>${STYLE}</style><rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    text(24, 34, title, "title"),
    text(24, 54, summaryOf(played), "soft"),
    ...workersPanel(moments, x),
    ...pricePanel(moments, x),
    ...timeTicks(mostMs, 10).map(({ atMs, text: at }) => text(x(atMs), PANELS.price.bottom + 18, at, "soft middle")),
    ...legend(),
    "</svg>\n",
  ].join("\n")
}

function summaryOf({ wave, launched, useful, costMs, oracleMs, waitMs, bootMs }: Played): string {
  const minutes = (ms: number) => Math.round(ms / 60_000)
  return `seed ${wave.seed}: ${wave.tasks.length} tasks of ${wave.taskSeconds.toFixed(0)} s; boots of ${(bootMs / 1000).toFixed(0)} s; ${useful} of ${launched} workers had a task; a task waited ${(waitMs / 1000).toFixed(0)} s; ${minutes(costMs)} worker minutes, the oracle's ${minutes(oracleMs)}`
}

type Height = (moment: Moment) => number

function workersPanel(moments: readonly Moment[], x: (ms: number) => number): readonly string[] {
  const { top, bottom } = PANELS.workers
  const most =
    1.06 *
    Math.max(1, ...moments.map(({ wanted, target, ready, booting }) => Math.max(wanted, target, ready + booting)))
  const y = (count: number) => rounded(bottom - (count / most) * (bottom - top))
  const all: Height = ({ ready, booting }) => y(ready + booting)
  const ready: Height = (moment) => y(moment.ready)
  const floor: Height = () => bottom
  return [
    ...rules(most, y, (count) => String(count)),
    area("booting", moments, x, all, ready),
    area("ready", moments, x, ready, floor),
    line("demand", moments, x, ({ wanted }) => y(wanted)),
    line("target", moments, x, ({ target }) => y(target)),
  ]
}

function pricePanel(moments: readonly Moment[], x: (ms: number) => number): readonly string[] {
  const { top, bottom } = PANELS.price
  const most = 1.1 * Math.max(0.01, ...moments.map(({ perHour }) => perHour))
  const y = (usd: number) => rounded(bottom - (usd / most) * (bottom - top))
  return [
    text(LEFT, top - 10, "USD an hour", "soft"),
    ...[0, most / 2.2, most / 1.1].map((usd) => rule(y(usd), usd.toFixed(2))),
    line("price", moments, x, ({ perHour }) => y(perHour)),
  ]
}

function rules(most: number, y: (count: number) => number, words: (count: number) => string): readonly string[] {
  return roundTicks(most, 8).map((count) => rule(y(count), words(count)))
}

function rule(at: number, words: string): string {
  return `<line class="rule" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}"/>${text(LEFT - 8, at + 4, words, "soft end")}`
}

/** Values hold until the next reading: corners only, where one changes. */
function steps(moments: readonly Moment[], x: (ms: number) => number, height: Height): readonly string[] {
  const points: string[] = []
  let before: number | undefined
  for (const moment of moments) {
    const at = height(moment)
    if (at === before) continue
    if (before !== undefined) points.push(`${x(moment.atMs)},${before}`)
    points.push(`${x(moment.atMs)},${at}`)
    before = at
  }
  const last = moments.at(-1)
  return last === undefined || before === undefined ? points : [...points, `${x(last.atMs)},${before}`]
}

function line(name: string, moments: readonly Moment[], x: (ms: number) => number, height: Height): string {
  return `<polyline class="${name}" points="${steps(moments, x, height).join(" ")}"/>`
}

function area(
  name: string,
  moments: readonly Moment[],
  x: (ms: number) => number,
  upper: Height,
  lower: Height,
): string {
  const points = [...steps(moments, x, upper), ...[...steps(moments, x, lower)].reverse()]
  return `<polygon class="${name}" points="${points.join(" ")}"/>`
}

const LEGEND = [
  ["demand", "what the work wants"],
  ["target", "target"],
  ["ready", "ready workers"],
  ["booting", "workers that boot"],
  ["price", "price"],
] as const

function legend(): readonly string[] {
  return LEGEND.flatMap(([name, words], index) => {
    const [at, y] = [LEFT + index * 170, HEIGHT - 18]
    const isArea = name === "ready" || name === "booting"
    const swatch = isArea
      ? `<rect class="${name}" x="${at}" y="${y - 11}" width="18" height="13"/>`
      : `<line class="${name}" x1="${at}" x2="${at + 18}" y1="${y - 4}" y2="${y - 4}"/>`
    return [swatch, text(at + 24, y, words, "")]
  })
}

function text(x: number, y: number, words: string, className: string): string {
  return `<text class="${className}" x="${x}" y="${y}">${words}</text>`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
