/** What kills came to, for people. */
import { isUnharmed, type KillRow } from "./kill.js"
import { nameOf } from "./points.js"

/** The sums. Where no journal was kept, with the surplus that came and went, which is no harm there. */
export function sumsOf(rows: readonly KillRow[], target: number, journal = true): string {
  const sum = (count: (row: KillRow) => number) => rows.reduce((total, row) => total + count(row), 0)
  const recovered = rows.filter((row) => row.running === target && row.living === target && row.problem === undefined)
  return [
    `kills ${rows.length}`,
    `recoveries ${recovered.length}`,
    `duplicates ${sum((row) => row.duplicates.length)}`,
    `leaks ${sum((row) => row.leaks.length)}`,
    `foreign touched ${sum((row) => row.touched.length)}`,
    ...(journal ? [] : [`surplus taken away ${sum((row) => row.surplus)}`]),
  ].join(" | ")
}

/** One line for each of these kills. */
export function linesOf(rows: readonly KillRow[]): readonly string[] {
  return rows.map((row) => {
    const where = `${nameOf(row.point)}${row.point.edge === "during" ? ` + ${row.afterMs} ms` : ""}`
    const counts = [
      `${row.survivors} survived`,
      `${row.running} after ${row.recoveryMs} ms (in truth ${row.living})`,
      `0 after ${row.closeMs} ms`,
      `${row.duplicates.length} twice`,
      `${row.leaks.length} left`,
    ]
    return `  ${where.padEnd(52)} ${counts.join(", ")}${wordsOf(row)}`
  })
}

/** The harmed ones alone, or those of one kind of point together: which steps were died at, and how long it took. */
export function summaryOf(rows: readonly KillRow[], target: number): readonly string[] {
  const harmed = rows.filter((row) => !isUnharmed(row, target))
  const [recovery, close] = [rows.map((row) => row.recoveryMs), rows.map((row) => row.closeMs)].map(medianOf)
  const kinds = new Set(rows.map(({ point: { phase, step, edge } }) => `${phase} ${edge} ${step}`))
  return [
    `  at ${kinds.size} kinds of points; median ${recovery} ms from death to target, ${close} ms from there to zero`,
    ...linesOf(harmed),
  ]
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function wordsOf({ duplicates, leaks, touched, problem }: KillRow): string {
  const words = [...duplicates, ...leaks, ...touched, ...(problem === undefined ? [] : [problem])]
  return words.length === 0 ? "" : `: ${words.join(", ")}`
}
