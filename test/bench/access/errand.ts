/** What both sides are told, and what they measured; and how either is run in a process of its own. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { Effort } from "../stopwatch.js"

export interface Errand {
  readonly addresses: readonly string[]
  readonly port: number
  readonly user: string
  /** The path of a private key. */
  readonly keyFile: string
  /** The host key's blob, in base64. */
  readonly hostKey: string
}

/** One command on each worker, and one more. Of the client's side alone: the servers' work is both sides' the same. */
export interface Measured {
  /** From nothing to all answers. */
  readonly first: Effort
  /** On what is connected already. */
  readonly second: Effort
}

/** Either side's name is its file's. */
export type Side = "muster" | "system"

export async function measureSide(side: Side, errand: Errand): Promise<Measured> {
  const program = fileURLToPath(new URL(`./${side}.js`, import.meta.url))
  const args = [...process.execArgv, program, JSON.stringify(errand)]
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  if (code !== 0) throw new Error(`measuring ${side} ended with ${code}: ${err}`)
  return JSON.parse(out) as Measured
}

/** What each worker is asked: which address it was reached at ("SSH_CONNECTION", ssh(1)). */
export const QUESTION = 'echo "$SSH_CONNECTION"'

export function isAnswer(text: string, address: string, { port }: Errand): boolean {
  return text.endsWith(` ${address} ${port}\n`)
}
