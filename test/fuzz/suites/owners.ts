/** Owners: whoever starts, watches, takes over, lets go, crashes or deletes from elsewhere ends well. */
import { type OwnersOutcome, playOwners } from "../owners/play.js"
import { anyOwners } from "../owners/trial.js"
import { mixed } from "../seed.js"
import { tryOne } from "../smallest.js"
import type { Counts, FuzzSuite } from "../suite.js"

async function playOne(seed: number): Promise<Counts> {
  // The first is the trial itself; others only look for a smaller one that fails as well.
  const outcomes: OwnersOutcome[] = []
  await tryOne(anyOwners, { seed: mixed(seed) }, async (trial) => {
    const outcome = await playOwners(trial)
    outcomes.push(outcome)
    if (outcome.problems.length > 0) throw new Error(outcome.problems.slice(0, 5).join("\n"))
  })
  const [{ instances = 0, crashes = 0, requests = 0, hours = 0 } = {}] = outcomes
  return { instances, crashes, requests, "virtual hours": hours }
}

export const owners: FuzzSuite = {
  name: "owners",
  about:
    "one to three owners that crash, take over, let go and start at once: one cluster, its target, and nothing left",
  testRuns: 12,
  ciRuns: 300,
  run: playOne,
}
