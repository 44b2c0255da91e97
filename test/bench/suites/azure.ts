/**
 * Azure: what Muster costs beyond a script that calls the SDK itself with the same body, and what submitting 1000 VMs
 * costs. Both talk to the same small Azure, in a process of its own; `--show-raw` prints the script.
 */
import { SPEED } from "../azure/speed.js"
import { measure } from "../azure/measure.js"
import { Measurements } from "../measurements.js"
import type { Suite } from "../suite.js"

const COUNT = 100
const MANY = 1000
const SUBMITTED = `Azure ${MANY} submitted: CPU`
/** A pair takes some forty seconds, most of it waiting for looks. */
const MOST_PAIRS = 5

export const suite: Suite = {
  title: "azure: raw is the SDK alone, muster is scale(N) and close()",
  rawSource: new URL("../../../../../test/bench/azure/raw.ts", import.meta.url),
  measure: async ({ runs, say }) => {
    const pairs = Math.min(runs, MOST_PAIRS)
    const [times, ratios, memory, flights] = [
      new Measurements(),
      new Measurements(),
      new Measurements(),
      new Measurements(),
    ]
    for (let pair = 1; pair <= pairs; pair += 1) {
      say(`${COUNT} VMs up and down, pair ${pair} of ${pairs}`)
      const raw = await measure({ side: "raw", count: COUNT }, pair)
      const muster = await measure({ side: "muster", count: COUNT }, pair)
      for (const [side, { wallMs, cpuMs }] of Object.entries({ raw, muster })) {
        times.add(`Azure ${COUNT} ${side}: wall`, wallMs)
        times.add(`Azure ${COUNT} ${side}: CPU`, cpuMs)
      }
      ratios.add(`Azure ${COUNT}: wall`, muster.wallMs / raw.wallMs)
      ratios.add(`Azure ${COUNT}: CPU`, muster.cpuMs / raw.cpuMs)
    }
    say(`submitting ${MANY} VMs`)
    for (let run = 1; run <= pairs; run += 1) {
      const { cpuMs, memoryMiB, mostInFlight } = await measure({ side: "submit", count: MANY }, run, SPEED)
      times.add(SUBMITTED, cpuMs)
      memory.add(`Azure ${MANY} submitted: memory above idle`, memoryMiB)
      flights.add(`Azure ${MANY} submitted: most in flight`, mostInFlight)
    }
    return [
      ...times.rows("ms", (what) => (what === SUBMITTED ? "at most 5000 allowed" : undefined)),
      ...ratios.rows("ratio", () => "muster / raw, pair by pair"),
      ...memory.rows("MiB", () => `resident, at its highest, at most 100 allowed; time goes ${SPEED} times as fast`),
      ...flights.rows("calls", () => "at most 128 allowed"),
    ]
  },
}
