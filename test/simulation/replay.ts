/** Replay: runs a property from a seed, and says how to run the trial that failed again. */
import fc from "fast-check"
import { isLong } from "../support/long.js"
import { type Outcome, play } from "./play.js"
import type { Trial } from "./trial.js"

/** "seed" runs all trials of a seed, "seed:path" the one that failed. */
const REPLAY = process.env.MUSTER_SIMULATION
const SEED = 20_260_101

export interface Sums {
  readonly seed: number
  runs: number
  hours: number
  instances: number
  requests: number
  throttled: number
}

/**
 * Plays so many trials.
 *
 * @throws with the smallest trial that fails, what was wrong with it, and the command that plays it again.
 */
export async function playAll(file: string, trials: fc.Arbitrary<Trial>, few: number): Promise<Sums> {
  const [seed = String(SEED), path] = (REPLAY ?? "").split(/:(.*)/, 2).filter((part) => part !== "")
  const sums: Sums = { seed: Number(seed), runs: 0, hours: 0, instances: 0, requests: 0, throttled: 0 }
  const numRuns = Number(process.env.MUSTER_SIMULATION_RUNS ?? (isLong ? 1000 : few))
  const property = fc.asyncProperty(trials, async (trial) => {
    const outcome = await play(trial)
    add(sums, outcome)
    if (outcome.problems.length > 0) throw new Error(outcome.problems.slice(0, 5).join("\n"))
  })
  const found = await fc.check(property, {
    seed: Number(seed),
    numRuns,
    ...(path === undefined ? {} : { path, endOnFailure: true }),
  })
  if (!found.failed) return sums
  const trial = JSON.stringify(found.counterexample?.[0], undefined, 2)
  const why = found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance)
  throw new Error(
    `${why}\n\nafter ${found.numRuns} trials; play it again: MUSTER_SIMULATION=${found.seed}:${found.counterexamplePath} npx vitest run ${file}\n\n${trial}`,
  )
}

function add(sums: Sums, { hours, instances, requests, throttled }: Outcome): void {
  sums.runs += 1
  sums.hours += hours
  sums.instances += instances
  sums.requests += requests
  sums.throttled += throttled
}
