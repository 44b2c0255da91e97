/** A process with a file of results that is killed at any moment, again and again: the next ones go on, and the last file is whole. */
import { spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll, expect, test } from "vitest"
import { VirtualClock } from "../../src/calls/clock.js"
import { isLong, LONG } from "../support/long.js"
import { transpile } from "../tools/transpile.mjs"

const TASKS = 120
const KILLS = 50
/** It takes about so long from its first result on, in milliseconds. */
const SPAN_MS = 400

const root = mkdtempSync(join(tmpdir(), "muster-kills-"))
let program = ""
beforeAll(() => {
  program = transpile()("test/work/support/resumer.ts")
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** @param killMs after its first result; left out: it is not killed. @returns what it said, if it came to its end. */
async function once(directory: string, killMs?: number): Promise<string | undefined> {
  const child = spawn(process.execPath, [program, directory, String(TASKS)], { stdio: ["ignore", "pipe", "pipe"] })
  if (killMs !== undefined) child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), killMs))
  const ended = new Promise<number | null>((resolve) => void child.once("exit", resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  if (code !== 0 && code !== null) throw new Error(`it ended with ${code}: ${err}`)
  return /^done .*/m.exec(out)?.[0]
}

test.skipIf(!isLong)(
  `50 kills leave results whole, each once${isLong ? "" : ` (${LONG})`}`,
  async () => {
    const clock = new VirtualClock({ seed: 23 })
    let [kills, files, twice] = [0, 0, 0]
    while (kills < KILLS) {
      const directory = mkdtempSync(join(root, "run-"))
      files += 1
      let done: string | undefined
      while (done === undefined) {
        done = await once(directory, kills < KILLS ? clock.random() * SPAN_MS : undefined)
        if (done === undefined) kills += 1
      }
      expect(done).toMatch(new RegExp(`^done ${TASKS} \\d+$`))
      const lines = readFileSync(join(directory, "results.jsonl"), "utf8").trimEnd().split("\n")
      const keys = lines.slice(1).map((line) => (JSON.parse(line) as { readonly key: string }).key)
      expect([keys.length, new Set(keys).size]).toEqual([TASKS, TASKS])
      twice += readFileSync(join(directory, "ran"), "utf8").trim().split("\n").length - TASKS
      expect(await once(directory)).toBe(`done ${TASKS} ${TASKS}`)
      expect(existsSync(join(directory, "results.jsonl"))).toBe(true)
    }
    console.log(`${kills} kills, ${files} files, ${twice} of ${files * TASKS} tasks ran twice`)
  },
  900_000,
)
