/** Plays a suite from seed to seed, and counts. */
import { systemClock } from "../../src/calls/clock.js"
import { type Counts, FailedRun, type FuzzSuite } from "./suite.js"

export interface Failure {
  readonly seed: number
  readonly message: string
  /** What plays it again. */
  readonly again: string
}

export interface Played {
  readonly name: string
  readonly firstSeed: number
  readonly runs: number
  readonly counts: ReadonlyMap<string, number>
  readonly failures: readonly Failure[]
  readonly seconds: number
}

export interface PlayOptions {
  readonly firstSeed: number
  readonly runs: number
  /** Hears of each as it is over. */
  readonly onRun?: (done: number) => void
  readonly onFailure?: (failure: Failure) => void
}

/** More say the same again. */
const MOST_FAILURES = 3

export async function playSuite(suite: FuzzSuite, options: PlayOptions): Promise<Played> {
  const { firstSeed, onRun, onFailure } = options
  const begun = systemClock.now()
  const counts = new Map<string, number>()
  const failures: Failure[] = []
  let runs = 0
  const most = suite.playsAll === true ? Number.POSITIVE_INFINITY : MOST_FAILURES
  while (runs < options.runs && failures.length < most) {
    const seed = firstSeed + runs
    try {
      add(counts, await suite.run(seed))
    } catch (error) {
      if (error instanceof FailedRun) add(counts, error.counts)
      const again = `npm run fuzz -- --only ${suite.name} --seed ${seed} --runs 1`
      const failure = { seed, message: error instanceof Error ? error.message : String(error), again }
      failures.push(failure)
      if (failures.length <= MOST_FAILURES) onFailure?.(failure)
    }
    runs += 1
    onRun?.(runs)
  }
  return { name: suite.name, firstSeed, runs, counts, failures, seconds: (systemClock.now() - begun) / 1000 }
}

function add(counts: Map<string, number>, seen: Counts): void {
  for (const [what, count] of Object.entries(seen)) {
    const before = counts.get(what)
    if (before === undefined) counts.set(what, count)
    else if (what.startsWith("lowest")) counts.set(what, Math.min(before, count))
    else if (what.startsWith("highest")) counts.set(what, Math.max(before, count))
    else counts.set(what, before + count)
  }
}

export function wordsOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${Math.round(count).toLocaleString("en-US")} ${what}`).join(", ")
}
