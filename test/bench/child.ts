/** Child processes of a bare Node, timed from outside: what a user waits for. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { millisecondsSince, stopwatch } from "./stopwatch.js"

/** Where these programs are: the package is found there by its own name, and its dependencies as users have them. */
export const PACKAGE_ROOT = fileURLToPath(new URL("../..", import.meta.url))

/**
 * Runs a module's text in a new Node process.
 *
 * @returns milliseconds from its start to its end.
 * @throws Error with what it wrote when it ends with anything but 0.
 */
export async function timeModule(text: string): Promise<number> {
  const begun = stopwatch()
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    cwd: PACKAGE_ROOT,
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH ?? "" },
  })
  let errors = ""
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    errors += part
  })
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  if (code !== 0) throw new Error(`running ${JSON.stringify(text)} ended with ${String(code)}: ${errors}`)
  return millisecondsSince(begun)
}

/**
 * What modules cost beyond an empty one. Each run measures all of them, one after the other, so that a machine that gets
 * slower or faster meanwhile does so for all.
 */
export async function importCosts(
  texts: Readonly<Record<string, string>>,
  runs: number,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const costs = Object.fromEntries(Object.keys(texts).map((name) => [name, [] as number[]]))
  // Once unmeasured: the first reads files from the disk.
  for (const text of Object.values(texts)) await timeModule(text)
  for (let run = 0; run < runs; run += 1) {
    for (const [name, text] of Object.entries(texts)) {
      const bare = await timeModule("")
      costs[name]?.push((await timeModule(text)) - bare)
    }
  }
  return costs
}
