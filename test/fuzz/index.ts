/**
 * `npm run fuzz -- [--only name[,name…]] [--runs n] [--seed n] [--list]`: plays the suites in `suites.ts` from one seed to the
 * next, as often as `.ci/run` does unless told otherwise. Prints a table, and for each failure the line that plays it again.
 * Ends with 1 when there was one.
 */
import { parseArgs } from "node:util"
import { type Played, playSuite, wordsOf } from "./play.js"
import type { FuzzSuite } from "./suite.js"
import { SUITES } from "./suites.js"

interface Arguments {
  readonly suites: readonly FuzzSuite[]
  readonly runs: number | undefined
  readonly firstSeed: number
  readonly isListOnly: boolean
}

function readArguments(): Arguments {
  const options = {
    only: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
  } as const
  const { values } = parseArgs({ options })
  const runs = values.runs === undefined ? undefined : numberOf("runs", values.runs, 1)
  const suites =
    values.only === undefined ? SUITES.filter(({ ciRuns }) => ciRuns > 0) : values.only.split(",").map(named)
  return { suites, runs, firstSeed: numberOf("seed", values.seed, 0), isListOnly: values.list }
}

function named(name: string): FuzzSuite {
  const suite = SUITES.find((one) => one.name === name)
  const names = SUITES.map((one) => one.name).join(", ")
  if (suite === undefined) throw new Error(`--only: is "${name}"; use some of ${names}`)
  return suite
}

function numberOf(option: string, text: string, least: number): number {
  const value = Number(text)
  if (text === "" || !Number.isSafeInteger(value) || value < least)
    throw new Error(`--${option}: is "${text}"; use a whole number from ${least} on`)
  return value
}

async function play(suite: FuzzSuite, { firstSeed, runs: asked }: Arguments): Promise<Played> {
  const runs = asked ?? Math.max(1, suite.ciRuns)
  const isShown = process.stderr.isTTY
  const played = await playSuite(suite, {
    firstSeed,
    runs,
    onRun: (done) => void (isShown && process.stderr.write(`\r${suite.name}: ${done} of ${runs} `)),
    onFailure: ({ seed, message, again }) =>
      console.log(`${suite.name}, seed ${seed}: ${message}\n  again: ${again}\n`),
  })
  if (isShown) process.stderr.write("\r\u001b[K")
  return played
}

/** Of a suite that names columns, what it has seen. */
function seenBy({ name, columns }: FuzzSuite, { runs, counts }: Played): string | undefined {
  if (columns === undefined) return undefined
  const cells = columns.map((column) => String(Math.round((counts.get(column) ?? 0) * 10) / 10))
  return tabulate([
    [name, "runs", ...columns],
    ["", String(runs), ...cells],
  ])
}

const HEAD = ["suite", "runs", "seeds", "failures", "seconds", "seen"]

function tableOf(all: readonly Played[]): string {
  const rows = all.map(({ name, runs, firstSeed, failures, seconds, counts }) => {
    const seeds = runs === 1 ? `${firstSeed}` : `${firstSeed}-${firstSeed + runs - 1}`
    return [name, `${runs}`, seeds, `${failures.length}`, seconds.toFixed(1), wordsOf(counts)]
  })
  return tabulate([HEAD, ...rows])
}

function tabulate(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lineOf = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")
  return rows.map((row) => lineOf(row).trimEnd()).join("\n")
}

function listOf(suites: readonly FuzzSuite[]): string {
  const width = Math.max(...suites.map(({ name }) => name.length))
  return suites.map(({ name, about, ciRuns }) => `${name.padEnd(width)}  ${about} (${ciRuns} runs)`).join("\n")
}

async function run(): Promise<void> {
  const given = readArguments()
  if (given.isListOnly) {
    console.log(listOf(SUITES))
    return
  }
  const all: Played[] = []
  for (const suite of given.suites) {
    const played = await play(suite, given)
    all.push(played)
    const seen = seenBy(suite, played)
    if (seen !== undefined) console.log(`${seen}\n`)
  }
  console.log(tableOf(all))
  if (all.some(({ failures }) => failures.length > 0)) process.exitCode = 1
}

await run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
