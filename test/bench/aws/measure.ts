/** Starts a wire and a contender, and returns what the contender measured. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { SimulateOptions } from "../../../src/simulator/index.js"
import type { Burst, Errand } from "./contender.js"
import { NEAR, SHORT } from "../wire-child.js"
import { withTruth, withWire } from "./wire-child.js"

const CONTENDER = fileURLToPath(new URL("./contender.js", import.meta.url))

export type Side = Errand["side"]
export const SIDES: readonly Side[] = ["raw", "muster"]

/** N instances up and down. */
export function measureBurst(side: Side, count: number, seed: number): Promise<Burst> {
  return measure({ side, count, measure: "burst" }, { ...SHORT, seed }) as Promise<Burst>
}

/** Milliseconds until the first launch call is on the wire. */
export async function measureFirstLaunch(side: Side): Promise<number> {
  const { ms } = (await measure({ side, count: 1, measure: "first-launch" }, NEAR)) as { readonly ms: number }
  return ms
}

/** How long after the last of `count` instances began to run `scale` says that all do, in milliseconds. */
export function measureConfirmation(count: number): Promise<number> {
  return withTruth(async (url, lastRunning) => {
    const { at } = (await contend({ side: "muster", count, measure: "confirmation", url })) as { readonly at: number }
    return at - (await lastRunning())
  })
}

function measure(errand: Omit<Errand, "url">, options: SimulateOptions): Promise<unknown> {
  return withWire(options, (url) => contend({ ...errand, url }))
}

async function contend(errand: Errand): Promise<unknown> {
  const args = [...process.execArgv, CONTENDER, JSON.stringify(errand)]
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    // The SDK warns on Node 20 of versions to come, on stderr and at some cost.
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
  })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  if (code !== 0) throw new Error(`measuring ${errand.side} with ${errand.count} ended with ${code}: ${err}`)
  return JSON.parse(out) as unknown
}
