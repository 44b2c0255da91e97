/** Kills in the tests: fewer, and who comes after each is the test's own process. */
import { expect } from "vitest"
import { startHere } from "./here.js"
import { isUnharmed, type KillOptions, killRepeatedly } from "./kill.js"
import { linesOf, sumsOf } from "./report.js"

/** A dozen processes start, scale and close; on a machine that is busy with other tests that takes its time. */
export const KILLS_TIMEOUT_MS = 900_000

export async function expectUnharmed(title: string, options: KillOptions): Promise<void> {
  const rows = await killRepeatedly({ successor: startHere, ...options })
  console.log([`${title}: ${sumsOf(rows, options.target, options.journal !== false)}`, ...linesOf(rows)].join("\n"))
  expect(rows.filter((row) => !isUnharmed(row, options.target))).toEqual([])
  expect(new Set(rows.map((row) => row.point.phase))).toEqual(new Set(["scale", "close"]))
}
