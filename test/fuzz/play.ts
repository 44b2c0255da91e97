/** Plays a suite from seed to seed, and counts. */
import { systemClock } from "../../src/calls/clock.js"
import type { FuzzSuite } from "./suite.js"

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
  while (runs < options.runs && failures.length < MOST_FAILURES) {
    const seed = firstSeed + runs
    try {
      for (const [what, count] of Object.entries(await suite.run(seed)))
        counts.set(what, (counts.get(what) ?? 0) + count)
    } catch (error) {
      const again = `npm run fuzz -- --only ${suite.name} --seed ${seed} --runs 1`
      const failure = { seed, message: error instanceof Error ? error.message : String(error), again }
      failures.push(failure)
      onFailure?.(failure)
    }
    runs += 1
    onRun?.(runs)
  }
  return { name: suite.name, firstSeed, runs, counts, failures, seconds: (systemClock.now() - begun) / 1000 }
}

export function wordsOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${Math.round(count).toLocaleString("en-US")} ${what}`).join(", ")
}
