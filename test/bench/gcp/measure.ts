/** Starts a wire and a contender, and returns what the contender measured. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { Burst, Errand } from "./contender.js"
import { NEAR, SHORT } from "../wire-child.js"
import { withWire } from "./wire-child.js"

const CONTENDER = fileURLToPath(new URL("./contender.js", import.meta.url))

export type Side = Errand["side"]

/** N instances up and down; with 0 only the first call. */
export function measureBurst(side: Side, count: number, seed: number): Promise<Burst> {
  const options = count === 0 ? NEAR : SHORT
  return withWire({ ...options, seed }, async (url) => {
    const args = [...process.execArgv, CONTENDER, JSON.stringify({ side, count, url } satisfies Errand)]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
    if (code !== 0) throw new Error(`measuring ${side} with ${count} ended with ${code}: ${err}`)
    return JSON.parse(out) as Burst
  })
}
