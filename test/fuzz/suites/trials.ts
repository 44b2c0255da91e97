/** Trials: whatever the world does and the network loses, nothing twice, nothing foreign, nothing left, every reason counted. */
import type fc from "fast-check"
import { type Outcome, play } from "../../simulation/play.js"
import { anyTrial, badNetwork, type Trial } from "../../simulation/trial.js"
import { mixed } from "../seed.js"
import { tryOne } from "../smallest.js"
import type { Counts, FuzzSuite } from "../suite.js"

function suiteOf(name: string, about: string, kind: fc.Arbitrary<Trial>): FuzzSuite {
  return { name, about, testRuns: 10, ciRuns: 400, run: (seed) => playOne(kind, seed) }
}

async function playOne(kind: fc.Arbitrary<Trial>, seed: number): Promise<Counts> {
  // The first is the trial itself; others only look for a smaller one that fails as well.
  const outcomes: Outcome[] = []
  await tryOne(kind, { seed: mixed(seed), unbiased: seed % 2 === 0 }, async (trial) => {
    const outcome = await play(trial)
    outcomes.push(outcome)
    if (outcome.problems.length > 0) throw new Error(outcome.problems.slice(0, 5).join("\n"))
  })
  const [{ instances = 0, requests = 0, throttled = 0, hours = 0 } = {}] = outcomes
  return { instances, requests, throttled, "virtual hours": hours }
}

export const trials = suiteOf("trials", "any world, any day: a cluster keeps every promise", anyTrial)

export const network = suiteOf("network", "a bad network: the receipt is the world's ground truth", badNetwork)
