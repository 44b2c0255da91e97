/** Tables as kubectl prints them: columns, no borders. */
import { plain } from "../text.js"

/** Between two columns, where there is room, and where there is not. */
const GAPS = { wide: 3, narrow: 2 } as const

/**
 * @param most of the terminal, in characters: what is too wide for it breaks between words, within its column. Left out: no line
 * breaks, as programs want it.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  most = Number.POSITIVE_INFINITY,
): string {
  const lines = [head, ...rows].map((line) => line.map(plain))
  const whole = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const gap = widthOf(whole, GAPS.wide) < most ? GAPS.wide : GAPS.narrow
  const least = head.map((name, column) => {
    const longest = lines.map((line) => Math.max(...(line[column] ?? "").split(" ").map((word) => word.length)))
    return Math.max(name.length, ...longest)
  })
  const widths = narrowed(whole, least, gap, most)
  return lines.flatMap((line) => brokenLines(line, widths, " ".repeat(gap))).join("")
}

function widthOf(widths: readonly number[], gap: number): number {
  return widths.reduce((sum, width) => sum + width + gap, -gap)
}

/** The widest column that can be made narrower is, until all have room. */
function narrowed(whole: readonly number[], least: readonly number[], gap: number, most: number): readonly number[] {
  const widths = [...whole]
  for (let over = widthOf(widths, gap) - most; over > 0; over -= 1) {
    const spare = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0))
    const widest = spare.indexOf(Math.max(...spare))
    if ((spare[widest] ?? 0) === 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
  }
  return widths
}

function brokenLines(cells: readonly string[], widths: readonly number[], gap: string): readonly string[] {
  const parts = cells.map((cell, column) => broken(cell, widths[column] ?? 0))
  const height = Math.max(1, ...parts.map(({ length }) => length))
  return Array.from({ length: height }, (_, row) => {
    const line = parts.map((part, column) => (part[row] ?? "").padEnd(widths[column] ?? 0)).join(gap)
    return `${line.trimEnd()}\n`
  })
}

/** Between words. */
function broken(cell: string, width: number): readonly string[] {
  if (cell.length <= width) return [cell]
  const lines: string[] = []
  for (const word of cell.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const

/** "3h12m", "45s": the two largest units. */
export function age(ms: number): string {
  const first = UNITS.findIndex(([, unit]) => ms >= unit)
  if (first === -1) return "0s"
  let rest = ms
  return UNITS.slice(first, first + 2)
    .flatMap(([letter, unit]) => {
      const count = Math.floor(rest / unit)
      rest -= count * unit
      return count === 0 ? [] : [`${count}${letter}`]
    })
    .join("")
}
