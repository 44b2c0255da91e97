/** Clocks: they are set, put right or not, and stand still, whatever the cluster does at that moment. */
import { type ClocksOutcome, playClocks } from "../clocks/play.js"
import { type ClocksTrial, drawClocks } from "../clocks/trial.js"
import type { Counts, FuzzSuite } from "../suite.js"

export function countsOf({ steps }: ClocksTrial, { instances, hours }: ClocksOutcome): Counts {
  const jumps = steps.flatMap(({ act }) => (act.kind === "jump" ? [act] : []))
  return {
    "jumps back": jumps.filter(({ ms }) => ms < 0).length,
    "jumps forward": jumps.filter(({ ms }) => ms > 0).length,
    healed: jumps.filter(({ healsAfterMs }) => healsAfterMs !== undefined).length,
    suspensions: steps.filter(({ act }) => act.kind === "suspend").length,
    instances,
    "virtual hours": hours,
  }
}

export const clocks: FuzzSuite = {
  name: "clocks",
  about:
    "clocks that jump by a minute to 30 hours, and machines that sleep: nothing ends early or lives longer, tags are right",
  testRuns: 6,
  ciRuns: 300,
  run: async (seed) => {
    const trial = drawClocks(seed)
    const outcome = await playClocks(trial)
    if (outcome.problems.length > 0)
      throw new Error(`${outcome.problems.join("\n")}\n${JSON.stringify(trial, undefined, 2)}`)
    return countsOf(trial, outcome)
  },
}
