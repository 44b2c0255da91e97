/** Starts a wire and a contender, each in a process of its own, and returns what the contender measured. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import type { Errand, Measured } from "./contender.js"

const MAIN = fileURLToPath(new URL("../../../providers/azure/wire/main.js", import.meta.url))
const CONTENDER = fileURLToPath(new URL("./contender.js", import.meta.url))

/** Azure's own, shortened: less waiting for the same requests. Boots last over more than one look, and the lists lag. */
const SHORT = {
  latency: { requestMs: [20, 60], createMs: [200, 500], bootMs: [2_000, 4_000], stopMs: [1_000, 4_000] },
  listLagMs: [0, 500],
} as const satisfies SimulateOptions

/** @param speed how much faster than real the wire's time goes. */
export async function measure(errand: Pick<Errand, "side" | "count">, seed: number, speed = 1): Promise<Measured> {
  const wire = spawn(process.execPath, [MAIN, JSON.stringify({ ...SHORT, seed, speed })], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const ended = once(wire, "close")
  try {
    const lines = createInterface({ input: wire.stdout })
    const [line] = (await Promise.race([once(lines, "line"), ended.then(() => [undefined])])) as [string | undefined]
    if (line === undefined) throw new Error("the wire ended before it listened")
    const args = [CONTENDER, JSON.stringify({ ...errand, ...(JSON.parse(line) as object) })]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
    if (code !== 0) throw new Error(`measuring ${errand.side} with ${errand.count} ended with ${String(code)}: ${err}`)
    return JSON.parse(out) as Measured
  } finally {
    wire.stdin.end()
    await ended
  }
}
