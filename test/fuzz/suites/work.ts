/** Work: a farm of workers that come and go. */
import { playStorm } from "../../work/support/storm.js"
import type { FuzzSuite } from "../suite.js"

export const storms: FuzzSuite = {
  name: "work-storms",
  about: "each input has its result once while storms take three of ten workers each, killed or with notice",
  // test/work/farm.test.ts plays some.
  testRuns: 0,
  ciRuns: 200,
  run: async (seed) => {
    const { tries, lost, gone } = await playStorm(seed, { workers: 20, tasks: 1000, everyS: 5, share: 0.3 })
    return { tries, "lost tries": lost, "workers that went": gone }
  },
}
