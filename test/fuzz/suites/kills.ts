/** Kills: an owner dies at a seeded point, and the next one finds exactly the target and ends it all. */
import { isUnharmed, killRepeatedly } from "../../chaos/kill.js"
import { CLOUDS, type CloudName } from "../../chaos/places.js"
import { linesOf } from "../../chaos/report.js"
import { sceneAt } from "../../chaos/scene.js"
import type { Counts, FuzzSuite } from "../suite.js"

const TARGET = 5
/** A run begins with an owner that lives, to learn which points there are. */
const KILLS = 4

async function killAt(cloud: CloudName, seed: number): Promise<Counts> {
  const scene = await sceneAt(cloud)
  try {
    const rows = await killRepeatedly({ ...scene.options, journal: scene.journal, kills: KILLS, seed, target: TARGET })
    const harmed = rows.filter((row) => !isUnharmed(row, TARGET))
    if (harmed.length > 0) throw new Error(linesOf(harmed).join("\n"))
    return { kills: rows.length, "instances that survived": rows.reduce((sum, { survivors }) => sum + survivors, 0) }
  } finally {
    await scene.end()
  }
}

/** In `npm test` they are `test/chaos`, in `.ci/run` fifty more of each. */
export const killSuites: readonly FuzzSuite[] = CLOUDS.map((cloud) => ({
  name: `kills-${cloud}`,
  about: `owners killed on ${cloud}: nothing twice, nothing left, nothing foreign touched`,
  testRuns: 0,
  ciRuns: 1,
  run: (seed) => killAt(cloud, seed),
}))
