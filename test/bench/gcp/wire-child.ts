/** Compute Engine in a process of its own. */
import { fileURLToPath } from "node:url"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import { withChild } from "../wire-child.js"

const MAIN = fileURLToPath(new URL("../../../providers/gcp/wire/main.js", import.meta.url))

/** Runs `work` against a wire of its own, which has ended when it returns. */
export function withWire<T>(options: SimulateOptions, work: (url: string) => Promise<T>): Promise<T> {
  return withChild(MAIN, options, (url) => work(url))
}
