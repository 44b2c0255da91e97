/** moto, an EC2 that others wrote: started where it is installed, on a port of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"

const PROGRAM = "moto_server"
/** It loads its model of every service first; on a busy machine that takes as many seconds as other suites are under way. */
const START_MS = 180_000

/** The address of the one that was started, or why there is none. */
export type Moto = { readonly url: string; readonly stop: () => void } | { readonly absent: string }

/** Waits for the line that it says once it listens. */
export async function startMoto(): Promise<Moto> {
  const child = spawn(PROGRAM, ["-H", "127.0.0.1", "-p", "0"], { stdio: ["ignore", "ignore", "pipe"] })
  const url = await addressOf(child)
  if (url !== undefined) return { url, stop: () => void child.kill("SIGKILL") }
  child.kill("SIGKILL")
  return { absent: `${PROGRAM} is not on the PATH or does not start; run: pip install 'moto[ec2,server]'` }
}

function addressOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(undefined), START_MS)
    const end = (url: string | undefined) => {
      clearTimeout(late)
      resolve(url)
    }
    child.once("error", () => end(undefined))
    child.once("exit", () => end(undefined))
    if (child.stderr === null) return
    createInterface({ input: child.stderr }).on("line", (line) => {
      const url = / Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (url !== undefined) end(url)
    })
  })
}
