/**
 * `node test/tools/run.mjs test/fuzz/clocks/table.ts [runs] [first seed]`: plays trials of clocks on after failures, and prints one table
 * of them all with the worst of each.
 */
import { countsOf } from "../suites/clocks.js"
import { type ClocksOutcome, playClocks } from "./play.js"
import { drawClocks } from "./trial.js"

const [runs = 300, first = 1] = process.argv.slice(2).map(Number)

const counts = new Map<string, number>()
const outcomes: ClocksOutcome[] = []
let broken = 0
for (let seed = first; seed < first + runs; seed += 1) {
  const trial = drawClocks(seed)
  try {
    const outcome = await playClocks(trial)
    outcomes.push(outcome)
    for (const [what, count] of Object.entries(countsOf(trial, outcome))) {
      counts.set(what, (counts.get(what) ?? 0) + count)
    }
  } catch (error) {
    broken += 1
    console.error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Beyond what a tag may be off and an owner may take. */
const TOLERATED_SECONDS = 107
const worst = (of: (outcome: ClocksOutcome) => number) => Math.max(0, ...outcomes.map(of)).toFixed(1)
const many = (is: (outcome: ClocksOutcome) => boolean) => outcomes.filter(is).length

const rows = [
  ["runs", runs],
  ...[...counts].map(([what, count]) => [what, Math.round(count)]),
  ["clusters ended early", many(({ earlySeconds }) => earlySeconds > 0)],
  ["  worst, seconds", worst(({ earlySeconds }) => earlySeconds)],
  ["lifetimes too long", many(({ lateSeconds }) => lateSeconds > TOLERATED_SECONDS)],
  ["  worst, seconds past the end", worst(({ lateSeconds }) => lateSeconds)],
  ["tags off", many(({ tagSeconds }) => tagSeconds > 62)],
  ["  worst, seconds", worst(({ tagSeconds }) => tagSeconds)],
  ["runs with any problem", many(({ problems }) => problems.length > 0)],
  ["runs that broke off", broken],
]
for (const [what, value] of rows) console.log(`${String(what).padEnd(30)} ${String(value).padStart(10)}`)
