/** Programs of users, in processes of their own, that hold local clusters: what becomes of these when the processes end. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"

/** Where the package's own name leads to what is tested, not to what was built the last time. */
const PROGRAMS = fileURLToPath(new URL("../../.cache/js", import.meta.url))

export interface Child {
  readonly said: () => string
  readonly out: () => string
  /** Resolves when it has said this. */
  readonly says: (text: string) => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
  /** Nobody reads what it says any more: its terminal has hung up. */
  readonly hangUp: () => void
  /** On its standard input. */
  readonly type: (text: string) => void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export interface Nursery {
  /** Of the local provider and of the journal. */
  readonly directory: () => string
  /** Runs a module of the package. */
  readonly start: (program: string) => Child
  readonly livingIds: () => Promise<readonly string[]>
}

/** For the tests of a file: whatever one of them has left is gone before the next. */
export function nursery(): Nursery {
  let directory = ""
  let children: ChildProcess[] = []
  const livingIds = async () => {
    const states = ["pending", "running", "stopped", "terminating"] as const
    const found = await local({ root: directory }).list({ states }, bareCalls({ clock: systemClock }))
    return found.map(({ id }) => id)
  }
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "muster-exit-"))
    children = []
  })
  afterEach(async () => {
    for (const child of children) child.kill("SIGKILL")
    const provider = local({ root: directory, graceMs: 0 })
    const calls = bareCalls({ clock: systemClock })
    await provider.terminate(await provider.list({}, calls), calls)
    await until(async () => (await livingIds()).length === 0)
    rmSync(directory, { recursive: true, force: true })
  })
  const start = (program: string) => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: PROGRAMS })
    children.push(child)
    return childOf(child)
  }
  return { directory: () => directory, start, livingIds }
}

function childOf(child: ChildProcess): Child {
  let [out, said] = ["", ""]
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    out += text
  })
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said += text
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }))
  })
  const says = async (text: string) => {
    const isOver = () => child.exitCode !== null || child.signalCode !== null
    await until(() => Promise.resolve((out + said).includes(text) || isOver()))
    if (!(out + said).includes(text)) throw new Error(`it ended without saying ${text}: ${out}${said}`)
  }
  const hangUp = () => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const type = (text: string) => void child.stdin?.write(text)
  return { type, out: () => out, said: () => said, says, signal: (signal) => void child.kill(signal), hangUp, ended }
}

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(20)
}
