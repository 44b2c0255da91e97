/** Soaks: memory is flat, no timer and no listener is left, calls stay within the buckets. */
import { problemsOf, soak, type SoakOptions, tableOf } from "../../simulation/soak.js"
import type { Counts, FuzzSuite } from "../suite.js"

async function soakFor(options: SoakOptions): Promise<Counts> {
  const soaked = await soak(options)
  const problems = problemsOf(soaked, options)
  if (problems.length > 0) throw new Error(`${problems.join("\n")}\n${tableOf(soaked)}`)
  const requests = soaked.hours.reduce((sum, hour) => sum + hour.requests, 0)
  return { instances: soaked.made, requests, "virtual hours": options.hours }
}

export const soaks: FuzzSuite = {
  name: "soak",
  about: "200 workers for three virtual hours: nothing grows, nothing is left",
  testRuns: 1,
  ciRuns: 5,
  run: (seed) => soakFor({ workers: 200, hours: 3, seed }),
}

/** `npm run soak`: hours of this machine. */
export const day: FuzzSuite = {
  name: "day",
  about: "10,000 workers for a virtual day",
  testRuns: 0,
  ciRuns: 0,
  run: (seed) => soakFor({ workers: 10_000, hours: 24, seed, tell: (line) => void process.stderr.write(`${line}\n`) }),
}
