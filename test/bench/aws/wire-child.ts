/**
 * EC2 in a process of its own: what it costs is not counted. One for each measurement, and so is the process that is
 * measured: the buckets of the account, in EC2 and in the core's memory of it, are full, no terminated instances of an
 * earlier run are there to be looked through, and both sides of a pair meet the same luck, by the seed.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { SimulateOptions } from "../../../src/simulator/index.js"

const MAIN = fileURLToPath(new URL("../../../providers/aws/wire/main.js", import.meta.url))
const TRUTH = fileURLToPath(new URL("./truth.js", import.meta.url))

/**
 * EC2's own, shortened: less waiting for the same requests. Boots last over more than one look, and the lists lag.
 */
export const SHORT = {
  latency: { requestMs: [20, 60], createMs: [300, 600], bootMs: [2_000, 4_000], stopMs: [2_000, 5_000] },
  listLagMs: [0, 500],
} as const satisfies SimulateOptions

/** A neighbour: neither the network nor EC2 takes time, so that what is left is ours. */
export const NEAR = {
  latency: { requestMs: 0, createMs: 0, bootMs: 0, stopMs: 1_000 },
  listLagMs: 0,
} as const satisfies SimulateOptions

/** Boots of three seconds and no limit of requests: what is measured is how late their end is seen. */
export const BOOTS = {
  latency: { requestMs: [20, 60], createMs: [300, 600], bootMs: 3_000, stopMs: 1_000 },
  listLagMs: 0,
  buckets: {},
} as const satisfies SimulateOptions

/** Runs `work` against a wire that tells, in milliseconds since 1970, when the last of its instances began to run. */
export function withTruth<T>(work: (url: string, lastRunning: () => Promise<number>) => Promise<T>): Promise<T> {
  return withChild(TRUTH, BOOTS, (url, ask) => work(url, async () => Number(await ask())))
}

/** Runs `work` against a wire of its own, which is gone when it returns. */
export function withWire<T>(options: SimulateOptions, work: (url: string) => Promise<T>): Promise<T> {
  return withChild(MAIN, options, (url) => work(url))
}

async function withChild<T>(
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
