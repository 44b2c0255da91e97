/** Tables as kubectl prints them: columns, no borders. */
import { plain } from "../text.js"

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((line) => line.map(plain))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("")
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
