/** EC2 in a process of its own. */
import { fileURLToPath } from "node:url"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import { withChild } from "../wire-child.js"

const MAIN = fileURLToPath(new URL("../../../providers/aws/wire/main.js", import.meta.url))
const TRUTH = fileURLToPath(new URL("./truth.js", import.meta.url))

/** Boots of three seconds and no limit of requests: what is measured is how late their end is seen. */
export const BOOTS = {
  latency: { requestMs: [20, 60], createMs: [300, 600], bootMs: 3_000, stopMs: 1_000 },
  listLagMs: 0,
  buckets: {},
} as const satisfies SimulateOptions

/** Runs `work` against a wire that reports, in milliseconds since 1970, when the last of its instances began to run. */
export function withTruth<T>(work: (url: string, lastRunning: () => Promise<number>) => Promise<T>): Promise<T> {
  return withChild(TRUTH, BOOTS, (url, ask) => work(url, async () => Number(await ask())))
}

/** Runs `work` against a wire of its own, which has ended when it returns. */
export function withWire<T>(options: SimulateOptions, work: (url: string) => Promise<T>): Promise<T> {
  return withChild(MAIN, options, (url) => work(url))
}
