/** Report: a rehearsal as a table for a terminal. Pure. */
import { summaryOf } from "./picture.js"
import type { Rehearsal } from "./rehearsal.js"

type Reported = Omit<Rehearsal, "svg" | "report">

export function reportOf(rehearsal: Reported): string {
  const { scenario, story, seed, desired, shortfall, calls, notes, timeline } = rehearsal
  const rows = calls.map(({ api, sent, throttled, refused, failed }) => [api, sent, throttled, refused, failed])
  const total = ["in all", ...[1, 2, 3, 4].map((column) => sum(rows.map((row) => Number(row[column]))))]
  return [
    `${scenario}, ${desired} workers, seed ${seed}: ${story}`,
    "",
    `  ${summaryOf(rehearsal)}`,
    `  at most ${Math.max(0, ...timeline.map((sample) => sample.running + sample.interrupted))} ran at once`,
    ...shortfallLines(shortfall),
    `  cost: ${costLine(rehearsal)}`,
    "",
    ...table(["requests", "sent", "throttled", "refused", "failed"], [...rows, total]),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `  note: ${note}`)]),
  ].join("\n")
}

function shortfallLines({ count, reasons }: Rehearsal["shortfall"]): readonly string[] {
  if (count === 0) return ["  shortfall: none when scale returned"]
  const rows = reasons.map(({ count: some, reason, code, message }) => `    ${some} x ${reason} (${code}): ${message}`)
  return [`  shortfall: ${count} were missing when scale returned`, ...rows]
}

function costLine({ cost: { estimated, charged }, receipt }: Reported): string {
  if (estimated === undefined) return "no price is known"
  const cents = (usd: number) => `$${usd.toFixed(4)}`
  const ours = `${cents(estimated)} by the receipt, ${cents(charged)} by the cloud's own count`
  const seconds = Math.abs(estimated - charged) / (charged / Math.max(1, receipt.seconds))
  return charged === 0
    ? ours
    : `${ours}; apart by ${(seconds / Math.max(1, receipt.instances.length)).toFixed(1)} s an instance`
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const all = [head, ...rows].map((row) => row.map(String))
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    return `  ${cells.join("  ")}`
  })
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
