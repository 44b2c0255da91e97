/** Hand over: starts the process that ends the instances after this process has ended. */
import type * as ChildProcess from "node:child_process"
import { randomUUID } from "node:crypto"
import { closeSync, openSync, unlinkSync, writeSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { EndRequest } from "./ender.js"

/** Resolves with the process's id as soon as the requests were sent. They may contain credentials, so they go through a pipe. */
export function handOver(requests: readonly EndRequest[]): Promise<number> {
  const child = begin("pipe")
  return new Promise((resolve) => {
    const sent = () => resolve(child.pid ?? 0)
    child.once("error", sent)
    child.stdin?.once("error", sent)
    child.stdin?.end(JSON.stringify(requests), sent)
  })
}

/**
 * The same for a process whose event loop has ended, so that no pipe can be written. The requests go through an unlinked file,
 * which no other process can open. @throws when the file cannot be written, or no process can be started.
 */
export function handOverNow(requests: readonly EndRequest[]): number {
  const path = join(tmpdir(), `muster-${randomUUID()}`)
  const file = openSync(path, "wx+", 0o600)
  try {
    unlinkSync(path)
    const text = Buffer.from(JSON.stringify(requests))
    // Writes at explicit positions: the child process shares the file offset and must read from the first byte.
    for (let at = 0; at < text.length; ) at += writeSync(file, text, at, text.length - at, at)
    const { pid } = begin(file)
    if (pid === undefined) throw new Error("no process could be started")
    return pid
  } finally {
    closeSync(file)
  }
}

function begin(input: "pipe" | number): ChildProcess.ChildProcess {
  // Loaded here because it loads sockets, which a program that only starts clusters does not need.
  const { spawn } = createRequire(import.meta.url)("node:child_process") as typeof ChildProcess
  const program = fileURLToPath(new URL("./end-instances.js", import.meta.url))
  const child = spawn(process.execPath, [program], { detached: true, stdio: [input, "ignore", "ignore"] })
  // The event comes later, when no code handles it.
  child.on("error", () => {})
  child.unref()
  return child
}
