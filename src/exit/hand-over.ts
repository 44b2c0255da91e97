/** Hand over: starts the process that goes on ending instances when this one has gone. */
import type * as ChildProcess from "node:child_process"
import { randomUUID } from "node:crypto"
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { EndRequest } from "./ender.js"

/** Resolves with its number as soon as it has been told everything; what it is told may hold credentials, so it goes by pipe. */
export function handOver(requests: readonly EndRequest[]): Promise<number> {
  const child = begin("pipe")
  return new Promise((resolve) => {
    const told = () => resolve(child.pid ?? 0)
    child.once("error", told)
    child.stdin?.once("error", told)
    child.stdin?.end(JSON.stringify(requests), told)
  })
}

/**
 * The same in a process that has no turn left in which a pipe could be emptied: it is told by a file without a name, which
 * nobody else can open. @throws when that cannot be written, or no process be started.
 */
export function handOverNow(requests: readonly EndRequest[]): number {
  const path = join(tmpdir(), `muster-${randomUUID()}`)
  const file = openSync(path, "wx+", 0o600)
  try {
    unlinkSync(path)
    const text = Buffer.from(JSON.stringify(requests))
    // At a place of its own, so that whoever reads on finds the first byte.
    for (let at = 0; at < text.length; ) at += writeSync(file, text, at, text.length - at, at)
    const { pid } = begin(file)
    if (pid === undefined) throw new Error("no process could be started")
    return pid
  } finally {
    closeSync(file)
  }
}

function begin(input: "pipe" | number): ChildProcess.ChildProcess {
  // Loaded now: with it come sockets, which a program that only starts clusters has no use for.
  const { spawn } = createRequire(import.meta.url)("node:child_process") as typeof ChildProcess
  const program = fileURLToPath(new URL("./end-instances.js", import.meta.url))
  const child = spawn(process.execPath, [program], { detached: true, stdio: [input, "ignore", "ignore"] })
  // It is told of later, when there is nobody to hear it.
  child.on("error", () => {})
  child.unref()
  return child
}
