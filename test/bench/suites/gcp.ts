/**
 * Compute Engine: what Muster costs beyond a script that calls the client itself, and how soon the first answer is there with
 * each version of it. All talk to the same small Compute Engine, in a process of its own; `--show-raw` prints the script.
 */
import { measureBurst, type Side } from "../gcp/measure.js"
import { Measurements } from "../measurements.js"
import type { Suite } from "../suite.js"

const COUNTS = [100, 1000] as const
const STARTS: readonly Side[] = ["raw", "muster", "muster7"]
/** A pair takes some twenty seconds for each count, most of it waiting for boots. */
const MOST_PAIRS = 5

export const suite: Suite = {
  title: "gcp: raw is the client alone, muster is scale(N) and close()",
  rawSource: new URL("../../../../../test/bench/gcp/raw.ts", import.meta.url),
  measure: async ({ runs, say }) => {
    const pairs = Math.min(runs, MOST_PAIRS)
    const [start, times, ratios] = [new Measurements(), new Measurements(), new Measurements()]
    for (let pair = 1; pair <= pairs; pair += 1) {
      say(`import to first answer, ${pair} of ${pairs}`)
      for (const side of STARTS)
        start.add(`${side}: import to first answer`, (await measureBurst(side, 0, pair)).firstCallMs)
      for (const count of COUNTS) {
        say(`${count} instances up and down, pair ${pair} of ${pairs}`)
        const raw = await measureBurst("raw", count, pair)
        const muster = await measureBurst("muster", count, pair)
        for (const [side, { wallMs, cpuMs }] of Object.entries({ raw, muster })) {
          times.add(`GCE ${count} ${side}: wall`, wallMs)
          times.add(`GCE ${count} ${side}: CPU`, cpuMs)
        }
        ratios.add(`GCE ${count}: wall`, muster.wallMs / raw.wallMs)
        ratios.add(`GCE ${count}: CPU`, muster.cpuMs / raw.cpuMs)
      }
    }
    const note = (name: string) => (name.startsWith("muster7") ? "7.x as `sdk`, its index read whole" : "6.15")
    return [
      ...times.rows("ms", () => undefined),
      ...ratios.rows("ratio", () => "muster / raw, pair by pair"),
      ...start.rows("ms", note),
    ]
  },
}
