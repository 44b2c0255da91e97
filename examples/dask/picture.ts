/** Picture: members, tasks and price over time, as an SVG document that stands alone. Pure. */
import type { Sample } from "./samples.js"

const WIDTH = 960
const PLOT = { left: 76, right: 936 } as const
const PANEL_HEIGHT = 120
const PANEL_STEP = 172
const FIRST_TOP = 78
const SECOND = 1000

interface Layer {
  readonly label: string
  readonly className: string
  readonly of: (sample: Sample) => number
}

interface Panel {
  readonly title: string
  readonly unit: (value: number) => string
  /** Stacked, from the ground up. */
  readonly areas: readonly Layer[]
  readonly line?: Layer
}

const whole = (value: number) => String(Math.round(value))

const PANELS: readonly Panel[] = [
  {
    title: "workers",
    unit: whole,
    areas: [{ label: "members", className: "members", of: ({ members }) => members }],
    line: { label: "target", className: "target", of: ({ desired }) => desired },
  },
  {
    title: "tasks",
    unit: whole,
    areas: [
      { label: "done", className: "done", of: ({ done }) => done },
      { label: "computing", className: "computing", of: ({ computing }) => computing },
      { label: "waiting", className: "waiting", of: ({ waiting }) => waiting },
    ],
  },
  {
    title: "price per hour",
    unit: (value) => `$${value.toFixed(2)}`,
    areas: [{ label: "all machines, the head included", className: "price", of: ({ pricePerHour }) => pricePerHour }],
  },
]

/** Colours of Okabe and Ito ("Color Universal Design"), in a light page and in a dark one. */
const STYLE = `text{font:12px system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1d2430}.head{font-size:18px;font-weight:600}
.end{text-anchor:end}.middle{text-anchor:middle}.paper{fill:#fff}.rule{stroke:#d9dee6}.target{fill:none;stroke:#1d2430;stroke-width:1.5;stroke-dasharray:5 3}
.members{fill:#0072b2}.done{fill:#009e73}.computing{fill:#e69f00}.waiting{fill:#cfe6f5}.price{fill:#9b5f8a}
@media (prefers-color-scheme:dark){text{fill:#e8ecf2}.paper{fill:#14181f}.rule{stroke:#333c49}.target{stroke:#e8ecf2}.waiting{fill:#37536a}}`

/** @param title says what was done. */
export function drawDask(title: string, samples: readonly Sample[]): string {
  const mostMs = Math.max(SECOND, ...samples.map(({ atMs }) => atMs))
  const x = (ms: number) => rounded(PLOT.left + (ms / mostMs) * (PLOT.right - PLOT.left))
  const bottom = FIRST_TOP + (PANELS.length - 1) * PANEL_STEP + PANEL_HEIGHT
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 36}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title><style>${STYLE}</style>`,
    `<rect class="paper" width="${WIDTH}" height="${bottom + 36}"/>`,
    text(24, 34, "head", title),
    ...PANELS.flatMap((panel, at) => drawPanel(panel, samples, x, FIRST_TOP + at * PANEL_STEP)),
    ...ticks(mostMs).map((ms) => text(x(ms), bottom + 20, "middle", `${ms / SECOND} s`)),
    "</svg>\n",
  ].join("\n")
}

function drawPanel(
  { title, unit, areas, line }: Panel,
  samples: readonly Sample[],
  x: (ms: number) => number,
  top: number,
): readonly string[] {
  const heightOf = (sample: Sample, layers: number) =>
    areas.slice(0, layers).reduce((sum, { of }) => sum + of(sample), 0)
  const highest = samples.map((sample) => Math.max(heightOf(sample, areas.length), line?.of(sample) ?? 0))
  const most = Math.max(Number.EPSILON, ...highest)
  const y = (value: number) => rounded(top + PANEL_HEIGHT * (1 - value / (most * 1.05)))
  const curve = (of: (sample: Sample) => number) => steps(samples, x, (sample) => y(of(sample)))
  const keys = [...areas, ...(line === undefined ? [] : [line])]
  return [
    text(PLOT.left, top - 10, "", title),
    ...keys.map(({ label, className }, at) => legend(label, className, PLOT.left + 130 + at * 120, top - 10)),
    ...[0, most].map((value) => text(PLOT.left - 8, y(value) + 4, "end", unit(value))),
    `<path class="rule" d="M${PLOT.left} ${y(0)}H${PLOT.right}"/>`,
    ...areas.map(({ className }, layer) => {
      const upper = curve((sample) => heightOf(sample, layer + 1))
      const lower = curve((sample) => heightOf(sample, layer)).toReversed()
      return `<polygon class="${className}" points="${[...upper, ...lower].join(" ")}"/>`
    }),
    ...(line === undefined ? [] : [`<polyline class="${line.className}" points="${curve(line.of).join(" ")}"/>`]),
  ]
}

/** What was seen holds until the next look: steps, not slopes. Points where nothing changes are left out. */
function steps(
  samples: readonly Sample[],
  x: (ms: number) => number,
  height: (sample: Sample) => number,
): readonly string[] {
  return samples.flatMap((sample, at) => {
    const [before, after] = [samples[at - 1], samples[at + 1]]
    const here = `${x(sample.atMs)},${height(sample)}`
    if (before === undefined) return [here]
    if (height(before) !== height(sample)) return [`${x(sample.atMs)},${height(before)}`, here]
    return after === undefined ? [here] : []
  })
}

function ticks(mostMs: number): readonly number[] {
  const step = [1, 2, 5, 10, 20, 60].find((seconds) => (mostMs / SECOND) * (1 / seconds) <= 12) ?? 300
  return Array.from({ length: Math.floor(mostMs / SECOND / step) + 1 }, (_, at) => at * step * SECOND)
}

function legend(label: string, className: string, x: number, y: number): string {
  const mark =
    className === "target"
      ? `<path class="target" d="M${x} ${y - 4}h12"/>`
      : `<rect class="${className}" x="${x}" y="${y - 10}" width="12" height="12"/>`
  return `${mark}${text(x + 18, y, "", label)}`
}

function text(x: number, y: number, className: string, content: string): string {
  return `<text x="${x}" y="${y}"${className === "" ? "" : ` class="${className}"`}>${escaped(content)}</text>`
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
}
