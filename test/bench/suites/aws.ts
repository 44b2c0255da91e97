/**
 * EC2: what Muster costs beyond a script that calls the SDK itself, in calls, time and work. Both talk to the same small
 * EC2, in a process of its own; `--show-raw` prints the script.
 */
import type { Burst } from "../aws/contender.js"
import { measureBurst, measureConfirmation, measureFirstLaunch, SIDES, type Side } from "../aws/measure.js"
import { Measurements } from "../measurements.js"
import type { Row, Suite, SuiteOptions } from "../suite.js"

const COUNTS = [10, 100, 1000] as const
/** A pair takes some twenty seconds for each count, most of it waiting for boots. */
const MOST_PAIRS = 5

export const suite: Suite = {
  title: "aws: raw is the SDK alone, muster is scale(N) and close()",
  rawSource: new URL("../../../../../test/bench/aws/raw.ts", import.meta.url),
  measure: async (options) => {
    const pairs = Math.min(options.runs, MOST_PAIRS)
    const start = new Measurements()
    const bursts: Row[] = []
    for (const count of COUNTS) bursts.push(...(await measurePairs(count, pairs, start, options)))
    await measureFirst(pairs, start, options)
    const late = await measureLateness(pairs, options)
    return [...bursts, ...late.rows("ms", lateNote), ...start.rows("ms", startNote)]
  },
}

/** One after the other, each first in turn: a machine that gets slower or faster meanwhile does so for both. */
async function measurePairs(
  count: number,
  pairs: number,
  start: Measurements,
  { say }: SuiteOptions,
): Promise<readonly Row[]> {
  const [times, ratios, calls] = [new Measurements(), new Measurements(), new Measurements()]
  for (let pair = 1; pair <= pairs; pair += 1) {
    say(`${count} instances up and down, pair ${pair} of ${pairs}`)
    const order = pair % 2 === 1 ? SIDES : [...SIDES].reverse()
    const measured: Partial<Record<Side, Burst>> = {}
    for (const side of order) measured[side] = await measureBurst(side, count, pair)
    const { raw, muster } = measured
    if (raw === undefined || muster === undefined) throw new Error("a pair needs both sides")
    addPair(`EC2 ${count}`, { raw, muster }, { times, ratios, calls })
    for (const side of SIDES) {
      start.add(`${side}: load`, measured[side]?.loadMs ?? Number.NaN)
      start.add(`${side}: first call`, measured[side]?.firstCallMs ?? Number.NaN)
    }
  }
  return [
    ...times.rows("ms", () => undefined),
    ...ratios.rows("ratio", () => "muster / raw, pair by pair"),
    ...calls.rows("calls", () => undefined),
  ]
}

interface Columns {
  readonly times: Measurements
  readonly ratios: Measurements
  readonly calls: Measurements
}

function addPair(title: string, pair: Readonly<Record<Side, Burst>>, { times, ratios, calls }: Columns): void {
  for (const side of SIDES) {
    times.add(`${title} ${side}: wall`, pair[side].wallMs)
    times.add(`${title} ${side}: CPU`, pair[side].cpuMs)
  }
  ratios.add(`${title}: wall`, pair.muster.wallMs / pair.raw.wallMs)
  ratios.add(`${title}: CPU`, pair.muster.cpuMs / pair.raw.cpuMs)
  for (const side of SIDES) {
    for (const [action, made] of Object.entries(pair[side].calls)) calls.add(`${title} ${side}: ${action}`, made)
    calls.add(`${title} ${side}: refused`, pair[side].refused)
  }
}

async function measureFirst(pairs: number, start: Measurements, { say }: SuiteOptions): Promise<void> {
  say(`the first launch call, ${pairs} times`)
  for (let pair = 1; pair <= pairs; pair += 1) {
    for (const side of SIDES) start.add(`${side}: first launch call`, await measureFirstLaunch(side))
  }
}

/** How many, and how late at most they should be seen to run. A measurement of the last takes a minute. */
const SEEN = [
  { count: 1_000, mostMs: 2_000, runs: MOST_PAIRS },
  { count: 10_000, mostMs: 6_000, runs: 2 },
] as const

async function measureLateness(pairs: number, { say }: SuiteOptions): Promise<Measurements> {
  const late = new Measurements()
  for (const { count, runs } of SEEN) {
    for (let run = 1; run <= Math.min(pairs, runs); run += 1) {
      say(`how late ${count} are seen to run, ${run} of ${Math.min(pairs, runs)}`)
      late.add(`EC2 ${count}: seen to run after they do`, await measureConfirmation(count))
    }
  }
  return late
}

function lateNote(name: string): string | undefined {
  const row = SEEN.find(({ count }) => name.startsWith(`EC2 ${count}:`))
  return row === undefined ? undefined : `boots of 3 s, all at once; at most ${row.mostMs} ms is wanted`
}

function startNote(name: string): string | undefined {
  if (name.endsWith(": load"))
    return name.startsWith("muster") ? "SDK and client, Muster and cluster" : "SDK and client"
  if (name.endsWith(": first call")) return "a cold client's first DescribeInstances, with a round trip"
  const before = name.startsWith("muster") ? "; DescribeInstanceTypes goes before it" : ""
  return `on the wire, the SDK loaded and not yet used, no network delay${before}`
}
