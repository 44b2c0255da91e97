/** Hand over: starts the process that goes on ending instances when this one has gone. */
import type * as ChildProcess from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import type { EndRequest } from "./ender.js"

/** Resolves with its number as soon as it has been told everything; what it is told may hold credentials, so it goes by pipe. */
export function handOver(requests: readonly EndRequest[]): Promise<number> {
  // Loaded now: with it come sockets, which a program that only starts clusters has no use for.
  const { spawn } = createRequire(import.meta.url)("node:child_process") as typeof ChildProcess
  const program = fileURLToPath(new URL("./end-instances.js", import.meta.url))
  const child = spawn(process.execPath, [program], { detached: true, stdio: ["pipe", "ignore", "ignore"] })
  child.unref()
  return new Promise((resolve) => {
    const told = () => resolve(child.pid ?? 0)
    child.once("error", told)
    child.stdin.once("error", told)
    child.stdin.end(JSON.stringify(requests), told)
  })
}
