/** Bills: what a cluster says it has cost is never less than the world charges, and little more. */
import { FailedRun, type Counts, type FuzzSuite } from "../suite.js"
import { play } from "../bills/play.js"

async function playOne(seed: number): Promise<Counts> {
  const { play: chosen, problems, workers, tooLittle, lowest, highest, isReached, overrun } = await play(seed)
  const counts = {
    workers,
    "failing worlds": problems.length > 0 ? 1 : 0,
    "workers billed too little": tooLittle,
    ...(workers > 0 ? { "lowest difference (s)": lowest, "highest difference (s)": highest } : {}),
    "budgets reached": isReached ? 1 : 0,
    "overruns beyond the bound": overrun > 0 ? 1 : 0,
  }
  if (problems.length > 0) throw new FailedRun(`${problems.slice(0, 5).join("\n")}\n${JSON.stringify(chosen)}`, counts)
  return counts
}

export const bills: FuzzSuite = {
  name: "bills",
  about:
    "any world, however late its lists: the bill is never below the world's own, and above by a look and the least time",
  testRuns: 20,
  ciRuns: 300,
  playsAll: true,
  columns: [
    "failing worlds",
    "workers",
    "workers billed too little",
    "lowest difference (s)",
    "highest difference (s)",
    "budgets reached",
    "overruns beyond the bound",
  ],
  run: playOne,
}
