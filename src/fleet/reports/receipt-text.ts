/** A receipt as a table of at most twenty lines, for people. Pure. */
import { usdText } from "../../money/budget.js"
import { columns, placeName, plain, spanText } from "../../text.js"
import { mayLive } from "../lifecycle.js"
import type { Receipt, ReceiptRow } from "./receipt-types.js"

/** Of what may still cost, of what could not be removed, of kinds of instances, of boots and of checks that failed; all of them are in the receipt. */
const MOST_LEAKS = 4
const MOST_LEFTOVERS = 3
const MOST_KINDS = 5
const MOST_BOOTS = 2
const MOST_CHECKS = 2

export function receiptText(receipt: Omit<Receipt, "toString">): string {
  const { cluster, leaked, leftovers, instances, seconds, cost = 0, unpriced } = receipt
  const isClean = leaked.length === 0 && leftovers.length === 0
  const sum = `${counted(instances.length)}, ${runText(seconds)}, ${usdText(cost, unpriced)}`
  return [
    `receipt of "${cluster}": ${isClean ? "nothing is left" : "NOT ALL IS CONFIRMED GONE"}`,
    ...section("may still run, and cost", leaked.map(leakLine), MOST_LEAKS),
    ...section("could not be removed", leftovers, MOST_LEFTOVERS),
    ...kindLines(instances),
    ...checkLines(instances),
    ...bootLines(receipt.boots),
    `  in all: ${sum}${receipt.earlierCost > 0 ? ", with what ended before this process began" : ""} (an estimate)`,
  ]
    .map(plain)
    .join("\n")
}

function section(title: string, lines: readonly string[], most: number): readonly string[] {
  if (lines.length === 0) return []
  return [`  ${title}:`, ...shortened(lines, most).map((line) => `    ${line}`)]
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `… and ${lines.length - most + 1} more`]
}

function leakLine({ id, provider, zone, reportedState, consoleUrl }: ReceiptRow): string {
  const url = consoleUrl === undefined ? "" : ` ${consoleUrl}`
  return `${id} (${provider} ${zone}), ${reportedState ?? "seen"} when the cloud said it last${url}`
}

/** By type, market and state: the largest first. */
function kindLines(instances: readonly ReceiptRow[]): readonly string[] {
  const kinds = new Map<string, ReceiptRow[]>()
  for (const row of instances) {
    const key = `${row.instanceType} ${row.market} ${row.finalState}`
    kinds.set(key, [...(kinds.get(key) ?? []), row])
  }
  const groups = [...kinds.values()].sort((a, b) => b.length - a.length)
  return shortened(columns(groups.map(kindCells), 2), MOST_KINDS).map((line) =>
    line.startsWith("…") ? `  ${line}` : line,
  )
}

function kindCells(rows: readonly ReceiptRow[]): readonly string[] {
  const [first] = rows
  if (first === undefined) return []
  const usd = rows.reduce((sum, { cost = 0 }) => sum + cost, 0)
  const unpriced = rows.filter(({ cost }) => cost === undefined).length
  const state = mayLive(first.finalState) ? `${first.finalState}, not confirmed gone` : first.finalState
  return [`${rows.length} ×`, first.instanceType, first.market, state, usdText(usd, unpriced)]
}

const WHAT = {
  ready: "not ready in time",
  health: "unhealthy",
  restart: "restarted, and so not ready",
  unheard: "not heard of in time",
} as const

/** Those that were ended, or kept, because of their checks: the most frequent first. */
function checkLines(instances: readonly ReceiptRow[]): readonly string[] {
  const rows = new Map<string, number>()
  for (const { failedCheck } of instances) {
    if (failedCheck === undefined) continue
    const { what, check, exitCode } = failedCheck
    const which = check === undefined ? "" : `: ${check} ended with exit code ${exitCode}`
    const line = `${WHAT[what]}${which}`
    rows.set(line, (rows.get(line) ?? 0) + 1)
  }
  const lines = [...rows].sort(([, a], [, b]) => b - a).map(([line, count]) => `  ${count} ${line}`)
  return shortened(lines, MOST_CHECKS).map((line) => (line.startsWith("…") ? `  ${line}` : line))
}

/** Of the places with the most boots, where there is something to shorten. */
function bootLines(boots: Receipt["boots"]): readonly string[] {
  const known = [...boots].sort((a, b) => b.ready - a.ready).filter(({ advice }) => advice !== undefined)
  return known.slice(0, MOST_BOOTS).map(({ provider, region, boot, advice }) => {
    const { medianMs = 0, slowestMs = 0, slowest = "" } = boot ?? {}
    const spread = `${spanText(medianMs)} at the median, ${spanText(slowestMs)} at the slowest (${slowest})`
    return `  boots in ${placeName(provider, region)}: ${spread}; ${advice}`
  })
}

function counted(count: number): string {
  return `${count} instance${count === 1 ? "" : "s"}`
}

function runText(seconds: number): string {
  return seconds < 1 ? "no running time" : `${spanText(seconds * 1000)} of running`
}
