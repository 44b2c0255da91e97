/**
 * A cloud in a process of its own: what it costs is not counted. One for each measurement, and so is the process that is
 * measured: the buckets of the account, in the wire and in the core's memory of it, are full, no terminated instances of an
 * earlier run are listed, and both sides of a pair have the same random numbers, by the seed.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { SimulateOptions } from "../../src/simulator/index.js"

/** The cloud's own latencies, shortened: less waiting for the same requests. Boots last over more than one poll, and the lists lag. */
export const SHORT = {
  latency: { requestMs: [20, 60], createMs: [300, 600], bootMs: [2_000, 4_000], stopMs: [2_000, 5_000] },
  listLagMs: [0, 500],
} as const satisfies SimulateOptions

/** A neighbour: neither the network nor the wire takes time, so that only Muster's own time remains. */
export const NEAR = {
  latency: { requestMs: 0, createMs: 0, bootMs: 0, stopMs: 1_000 },
  listLagMs: 0,
} as const satisfies SimulateOptions

/** Runs `work` against a wire of its own, which has ended when it returns. @param file the program of the wire. */
export async function withChild<T>(
  file: string,
  options: SimulateOptions,
  work: (url: string, ask: () => Promise<string>) => Promise<T>,
): Promise<T> {
  const child = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ["pipe", "pipe", "inherit"] })
  const ended = once(child, "close")
  try {
    const lines = createInterface({ input: child.stdout })
    const next = async () => {
      const [line] = (await Promise.race([once(lines, "line"), ended.then(() => [undefined])])) as [string | undefined]
      if (line === undefined) throw new Error("the wire ended before it answered")
      return line
    }
    const ask = () => {
      const answer = next()
      child.stdin.write("\n")
      return answer
    }
    return await work(await next(), ask)
  } finally {
    child.stdin.end()
    await ended
  }
}
