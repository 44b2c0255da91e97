/** Whatever the world does and the network loses: nothing twice, nothing foreign, nothing left, and every reason counted. */
import { expect, test } from "vitest"
import { playAll, type Sums } from "./replay.js"
import { anyTrial, badNetwork } from "./trial.js"

const FILE = "test/simulation/trials.test.ts"
/** As many as go into some seven seconds; a thousand in npm run test:all. */
const FEW = 50
const PATIENCE_MS = 30 * 60_000

function tell(name: string, { seed, runs, hours, instances, requests, throttled }: Sums): void {
  const counts = `${Math.round(hours)} virtual hours, ${instances} instances, ${requests} requests, ${throttled} throttled`
  console.log(`${name}: ${runs} trials from seed ${seed}: ${counts}`)
}

test("any world, any day", { timeout: PATIENCE_MS }, async () => {
  const sums = await playAll(FILE, anyTrial, FEW)
  tell("any world, any day", sums)
  expect(sums.instances).toBeGreaterThan(sums.runs)
})

test("a bad network: the receipt equals the world's ground truth", { timeout: PATIENCE_MS }, async () => {
  const sums = await playAll(FILE, badNetwork, FEW)
  tell("a bad network", sums)
  expect(sums.instances).toBeGreaterThan(sums.runs)
})
