/** Runs a built program as a user would, in a home of its own, and says what it left behind. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { expect } from "vitest"
import { systemClock } from "../../src/calls/clock.js"

export const BUILT = fileURLToPath(new URL("../../.cache/js/examples", import.meta.url))

/** Longer than anything takes on a busy machine; nothing here is expected to reach it. */
export const PATIENCE_MS = 180_000

export interface Home {
  readonly path: string
  /** Processes whose environment or arguments name this home, and files in it: empty when nothing was left. */
  processes(): readonly string[]
  files(): readonly string[]
  remove(): void
}

/** Histories of clusters stay for thirty days. What else stays: what layout the state directory has, so that no other version misreads it; how long the last search for processes took. */
const OUTLIVING: readonly string[] = ["version", join("looks", "took")]

/** A directory for state and temporary files. Its path is in the environment of every process that is started with it. */
export function makeHome(): Home {
  const path = mkdtempSync(join(tmpdir(), "muster-home-"))
  return {
    path,
    processes: () => (existsSync("/proc/self/environ") ? readdirSync("/proc").flatMap((pid) => named(pid, path)) : []),
    files: () =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => !OUTLIVING.includes(relative(join(path, "muster", "local"), file)))
        .filter((file) => !file.startsWith(join(path, "muster", "history"))),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** What is gone for whoever closed it has a supervisor for a moment more, which clears away what it kept. */
export async function untilNobodyIsLeft(home: Home): Promise<void> {
  const end = systemClock.now() + PATIENCE_MS
  while (home.processes().length > 0) {
    expect(systemClock.now(), `left: ${home.processes().join("\n")}`).toBeLessThan(end)
    await systemClock.sleep(50)
  }
}

/** Workers have the path in their environment, supervisors in their arguments. */
function named(pid: string, path: string): readonly string[] {
  try {
    if (!/^\d+$/.test(pid)) return []
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
    const isNamed = line.includes(path) || readFileSync(`/proc/${pid}/environ`, "utf8").includes(path)
    return isNamed ? [`${pid} ${line}`] : []
  } catch {
    // It ended while we looked.
    return []
  }
}

export interface Ending {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ending: Promise<Ending>
  /** Resolves when stderr has said this. */
  said(words: string): Promise<void>
}

/** Starts `.cache/js/examples/<file>`. It finds its state directory and its temporary directory in the home. */
export function start(home: Home, file: string, args: readonly string[] = []): Running {
  const { CI: _ci, FORCE_COLOR: _colour, ...env } = process.env
  const own = { ...env, XDG_STATE_HOME: home.path, TMPDIR: home.path, NO_COLOR: "1" }
  const child = spawn(process.execPath, [join(BUILT, file), ...args], { env: own, stdio: ["ignore", "pipe", "pipe"] })
  let stderr = ""
  const waiting = new Map<string, () => void>()
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part
    for (const [words, resolve] of waiting) if (stderr.includes(words)) resolve()
  })
  const end = async () => {
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close") as Promise<[number | null]>])
    return { code, stdout, stderr }
  }
  const ending = end()
  const said = (words: string) =>
    new Promise<void>((resolve, reject) => {
      if (stderr.includes(words)) resolve()
      waiting.set(words, resolve)
      void ending.then(() => reject(new Error(`it ended without saying "${words}":\n${stderr}`)))
    })
  return { child, ending, said }
}
