/** Rows as a table for people. */
import type { Row } from "./suite.js"

const COLUMNS = ["runs", "min", "p25", "median", "p75", "max"] as const

export function tableOf(rows: readonly Row[]): string {
  const head = ["", ...COLUMNS, "", ""]
  const body = rows.map((row) => [row.name, ...COLUMNS.map((key) => shown(row[key])), row.unit, row.note ?? ""])
  const lines = [head, ...body]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((text, at) => aligned(text, at, widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function aligned(text: string, column: number, width: number): string {
  const isNumber = column > 0 && column <= COLUMNS.length
  return isNumber ? text.padStart(width) : text.padEnd(width)
}

/** Three digits that mean something. */
function shown(value: number): string {
  if (Number.isInteger(value)) return String(value)
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}
