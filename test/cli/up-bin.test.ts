/** `muster up` as a process of its own, with instances of this machine: what its answers do, and what it ends with. */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"
import { until } from "../support/children.js"
import { type Ran, type Running, startMuster } from "./bin.js"
import { isLong } from "../support/long.js"
import { lacking, titled } from "../support/tools.js"

const noTmux = lacking("tmux")
const MUSTER = fileURLToPath(new URL("../../.cache/js/src/cli/index.js", import.meta.url))
/** Several processes start one after the other, on a machine that may be busy. */
const PATIENCE_MS = 240_000

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-up-"))
})
afterEach(async () => {
  spawnSync("tmux", ["-S", join(directory, "socket"), "kill-server"])
  const provider = local({ root: join(directory, "root"), graceMs: 0 })
  const calls = bareCalls({ clock: systemClock })
  await provider.terminate(await provider.list({}, calls), calls)
  await until(async () => (await living()).length === 0)
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

async function living(): Promise<readonly string[]> {
  const found = await local({ root: join(directory, "root") }).list(
    { states: ["pending", "running"] },
    bareCalls({ clock: systemClock }),
  )
  return found.map(({ id }) => id)
}

function words(...more: readonly string[]): readonly string[] {
  const place = ["--provider", "local", "--option", `root=${join(directory, "root")}`, "--option", "graceMs:=50"]
  return ["up", "few", "-n", "2", "--instance-type", "local-1", ...place, ...more]
}

function environment(): NodeJS.ProcessEnv {
  return { HOME: directory, XDG_STATE_HOME: join(directory, "state"), LC_ALL: "C.UTF-8" }
}

function up(...more: readonly string[]): Running {
  return startMuster(words(...more), environment())
}

/** Once all run. */
async function told(running: Running, signal: NodeJS.Signals): Promise<Ran> {
  await running.says("2 of 2 running")
  running.signal(signal)
  return running.ended
}

describe("without a terminal", () => {
  test.each([
    ["SIGINT", 130],
    ...(isLong
      ? ([
          ["SIGTERM", 143],
          ["SIGHUP", 129],
        ] as const)
      : []),
  ] as const)(
    "%s closes it, or lets it go, and is exit code %i",
    async (signal, code) => {
      const closed = await told(up(), signal)
      expect([closed.code, await living()]).toEqual([code, []])
      expect(closed.said).toMatch(/few \d+ s: closed: 0 running.*\n"few" is closed: nothing of it is left\n$/)
      const left = await told(up("--on-interrupt", "let-go"), signal)
      expect([left.code, (await living()).length]).toEqual([code, 2])
      expect(left.said).toMatch(/"few" goes on with 2 workers .*: from now on nobody replaces .*\n$/)
    },
    PATIENCE_MS,
  )

  test.runIf(isLong)(
    "the deadline ends it, and it ends with 0",
    async () => {
      const { code, said } = await up("--max-lifetime", "10s").ended
      expect([code, await living()]).toEqual([0, []])
      expect(said).toContain("2 of 2 running")
    },
    PATIENCE_MS,
  )

  test.runIf(isLong)(
    "what is above the budget, or has used it up, ends it with 4",
    async () => {
      const prices = ["--option", `prices:={"local-1":3600}`]
      const refused = await up(...prices, "--budget-per-hour", "1").ended
      expect([refused.code, await living()]).toEqual([4, []])
      const used = await up(...prices, "--budget-total", "4").ended
      expect([used.code, used.said.includes("budget.total"), await living()]).toEqual([4, true, []])
    },
    PATIENCE_MS,
  )

  test(
    "a second process needs --take-over, and the first one then stops, says who has it, and leaves the workers alone",
    async () => {
      const first = up()
      await first.says("2 of 2 running")
      const refused = await up().ended
      expect([refused.code, /is held by process \d+ on \S+ since/.test(refused.said)]).toEqual([2, true])
      const second = up("--take-over")
      const { code, said } = await first.ended
      expect([code, (await living()).length]).toEqual([1, 2])
      expect(said).toMatch(/muster: cluster "few": process \d+ on \S+, which has it since .* took it over/)
      await second.says("2 of 2 running")
      second.signal("SIGINT")
      expect((await second.ended).code).toBe(130)
    },
    PATIENCE_MS,
  )
})

describe.skipIf(noTmux !== undefined)(titled("at a terminal", noTmux), () => {
  const tmux = (...line: readonly string[]) =>
    execFileSync("tmux", ["-S", join(directory, "socket"), "-f", "/dev/null", ...line], { encoding: "utf8" })
  const screen = () => tmux("capture-pane", "-p").trimEnd()
  const shows = (words: RegExp) => until(() => Promise.resolve(words.test(screen())))

  function upAtTerminal(columns: number, rows: number): void {
    const line = [process.execPath, MUSTER, ...words()].map((word) => `'${word}'`).join(" ")
    const variables = Object.entries({ ...environment(), CI: "", TERM: "xterm" })
    const given = variables.flatMap(([name, value]) => ["-e", `${name}=${value}`])
    const size = ["-x", String(columns), "-y", String(rows)]
    tmux("new-session", "-d", ...size, ...given, `${line}; echo "code $?"; exec sleep 600`)
  }

  test.each([[80, 24], ...(isLong ? [[40, 10] as const] : [])] as const)(
    "on %i x %i Ctrl-C asks: it goes on, with all that was shown before, and then lets go",
    async (columns, rows) => {
      upAtTerminal(columns, rows)
      await shows(/running {2}(?:[2-9]|\d\d+) s[\s\S]*2 of 2/)
      tmux("send-keys", "C-c")
      await shows(/\[c\/l\/g\]/)
      expect(screen()).not.toContain("2 of 2")
      tmux("send-keys", "g", "Enter")
      await shows(/2 of 2/)
      expect(screen().match(/^few /gm)).toHaveLength(1)
      expect(screen()).toMatch(/^few .*running {2}\d+ s$/m)
      expect(screen()).not.toMatch(/opening|running {2}0 s/)
      tmux("send-keys", "C-c")
      await shows(/\[c\/l\/g\]$/)
      tmux("send-keys", "l", "Enter")
      await shows(/code 0$/)
      expect(screen()).toMatch(/"few" goes on with 2 workers/)
      expect(await living()).toHaveLength(2)
    },
    PATIENCE_MS,
  )

  test.runIf(isLong).each([
    ["at once", ""],
    ["at the question", "C-c"],
  ])(
    "a terminal that is closed %s is told as no wish to go on: it closes it",
    async (_when, key) => {
      upAtTerminal(80, 24)
      await shows(/2 of 2/)
      if (key !== "") {
        tmux("send-keys", key)
        await shows(/\[c\/l\/g\]/)
      }
      tmux("kill-session")
      await until(async () => (await living()).length === 0)
    },
    PATIENCE_MS,
  )

  test(
    "closes it, and the last state stays in view",
    async () => {
      upAtTerminal(80, 24)
      await shows(/2 of 2/)
      tmux("send-keys", "C-c")
      await shows(/\[c\/l\/g\]/)
      tmux("send-keys", "c", "Enter")
      await shows(/code 0$/)
      expect(screen()).toMatch(/^few .*closed[\s\S]*"few" is closed: nothing of it is left\ncode 0$/m)
      expect(tmux("display-message", "-p", "#{cursor_flag}").trim()).toBe("1")
      expect(await living()).toEqual([])
    },
    PATIENCE_MS,
  )
})
