/** A receipt as a short table: what was there, for how long, what it cost, and that nothing is left. Pure. */
import type { Receipt, ReceiptRow } from "muster-vms"

const NAMES_PER_LINE = 3

/** @param notes by a worker's name: what it did. Without them, workers of the same kind share one line. */
export function receiptTable(receipt: Receipt, notes?: ReadonlyMap<string, string>): readonly string[] {
  return notes === undefined
    ? [...summary(receipt), ...kinds(receipt)]
    : [...summary(receipt), ...named(receipt, notes)]
}

function summary({ cluster, instances, seconds, cost, leaked, leftovers }: Receipt): readonly string[] {
  const price = cost === undefined ? "price unknown" : `$${cost.toFixed(4)} (pretended prices)`
  const left = leaked.length + leftovers.length
  const end = left === 0 ? "nothing left" : `${left} NOT CONFIRMED GONE`
  return [`receipt of ${cluster}: ${instances.length} workers, ${seconds.toFixed(1)} worker-seconds, ${price}, ${end}`]
}

function kinds({ instances }: Receipt): readonly string[] {
  const rows = groupBy(instances, kindOf)
  return table([
    ["workers", "kind", "seconds each", "cost", "ended as"],
    ...[...rows].map(([kind, group]) => {
      const lives = group.map(lifeSeconds).sort((a, b) => a - b)
      const range = `${(lives[0] ?? 0).toFixed(1)} to ${(lives.at(-1) ?? 0).toFixed(1)}`
      const cost = group.reduce((sum, row) => sum + (row.cost ?? 0), 0)
      return [String(group.length), kind, range, `$${cost.toFixed(4)}`, group[0]?.finalState ?? ""]
    }),
  ])
}

/** Several to a line: that each is there matters, not how wide the table is. */
function named({ instances }: Receipt, notes: ReadonlyMap<string, string>): readonly string[] {
  const cells = instances.map(({ name, finalState }) => [name, `${notes.get(name) ?? "nothing"}, ${finalState}`])
  const rows = Math.ceil(cells.length / NAMES_PER_LINE)
  return table(
    Array.from({ length: rows }, (_, row) => cells.slice(row * NAMES_PER_LINE, (row + 1) * NAMES_PER_LINE).flat()),
  )
}

function kindOf({ provider, zone, instanceType, market, finalState }: ReceiptRow): string {
  return `${instanceType} ${market} (${provider} ${zone})${finalState === "terminated" ? "" : ` ${finalState}`}`
}

function lifeSeconds({ launchedAt, endedAt }: ReceiptRow): number {
  return endedAt === undefined ? 0 : Math.max(0, endedAt - launchedAt) / 1000
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd())
}
