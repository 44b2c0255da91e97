/** Owners: whoever starts, watches, takes over, lets go, crashes or deletes from elsewhere ends well. */
import fc from "fast-check"
import { type OwnersOutcome, playOwners } from "../owners/play.js"
import { anyOwners } from "../owners/trial.js"
import { mixed } from "../seed.js"
import type { Counts, FuzzSuite } from "../suite.js"

async function playOne(seed: number): Promise<Counts> {
  // The first is the trial itself; others only look for a smaller one that fails as well.
  const outcomes: OwnersOutcome[] = []
  const property = fc.asyncProperty(anyOwners, async (trial) => {
    const outcome = await playOwners(trial)
    outcomes.push(outcome)
    if (outcome.problems.length > 0) throw new Error(outcome.problems.slice(0, 5).join("\n"))
  })
  const found = await fc.check(property, { seed: mixed(seed), numRuns: 1 })
  if (found.failed) {
    const why = found.errorInstance instanceof Error ? found.errorInstance.message : String(found.errorInstance)
    throw new Error(`${why}\n${JSON.stringify(found.counterexample?.[0], undefined, 2)}`)
  }
  const [{ instances = 0, crashes = 0, requests = 0, hours = 0 } = {}] = outcomes
  return { instances, crashes, requests, "virtual hours": hours }
}

export const owners: FuzzSuite = {
  name: "owners",
  about:
    "one to three owners that crash, take over, let go and start at once: one cluster, its target, and nothing left",
  testRuns: 60,
  ciRuns: 300,
  run: playOne,
}
