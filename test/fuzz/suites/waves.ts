/** Waves: a cluster of the small cloud follows work that comes and goes. */
import type { Counts, FuzzSuite } from "../suite.js"
import { waveOf } from "../waves/draw.js"
import { play, type Played } from "../waves/play.js"

/** What each single wave must keep; what many come to together is in docs/adapt.md. */
const INTERVAL_MS = 5000
const MOST_TURNS = 5
/** By chance a wave of few workers may cost so much more than the oracle. */
const MOST_COST = 1.35
const LEAST_USEFUL = 0.8

export const waves: FuzzSuite = {
  name: "adapt-waves",
  about:
    "waves of tasks: followed within one interval, every task done once, no worker left, cost near that of an oracle",
  testRuns: 2,
  ciRuns: 300,
  columns: ["waves", "tasks", "workers", "without a task", "worker minutes", "oracle's minutes"],
  run: async (seed) => {
    const played = await play(waveOf(seed))
    const broken = brokenBy(played)
    if (broken.length > 0) throw new Error(`${played.wave.kind}: ${broken.join("; ")}`)
    return countsOf(played)
  },
}

function brokenBy(played: Played): readonly string[] {
  const { wave, done, lost, launched, useful, followedMs, zeroMs, turns, costMs, oracleMs, timers } = played
  const failing = (holds: boolean, problem: string) => (holds ? [] : [problem])
  return [
    ...failing(done === wave.tasks.length, `${done} of ${wave.tasks.length} tasks were done`),
    ...failing(lost === 0, `${lost} tasks lost their worker`),
    ...failing(followedMs <= INTERVAL_MS, `the first target came after ${followedMs} ms`),
    ...failing(zeroMs <= 4 * INTERVAL_MS, `${zeroMs} ms after the last task there was still a worker`),
    ...failing(turns <= MOST_TURNS, `the target turned ${turns} times`),
    ...failing(useful >= LEAST_USEFUL * launched, `${useful} of ${launched} workers had a task`),
    ...failing(
      costMs <= MOST_COST * oracleMs,
      `it cost ${(costMs / oracleMs).toFixed(2)} times what the oracle's would`,
    ),
    ...failing(timers === 0, `${timers} timers are left`),
  ]
}

function countsOf({ done, launched, useful, turns, costMs, oracleMs, followedMs, zeroMs }: Played): Counts {
  return {
    ...{ waves: 1, tasks: done, workers: launched, "without a task": launched - useful },
    ...{ "worker minutes": Math.round(costMs / 60_000), "oracle's minutes": Math.round(oracleMs / 60_000) },
    ...{ "waves that turned more than once": turns > 1 ? 1 : 0, "highest turns": turns },
    ...{ "highest ms to follow": Math.round(followedMs), "highest ms to zero": Math.round(zeroMs) },
  }
}
