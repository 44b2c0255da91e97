import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, expect, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { systemClock } from "../../src/calls/clock.js"
import { bareCalls } from "../../src/calls/send.js"

/** Where the package's own name leads to what is tested, not to what was built the last time. */
const PROGRAMS = fileURLToPath(new URL("../../.cache/js", import.meta.url))

let directory = ""
let children: ChildProcess[] = []
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

/** What the program holds by the time its own part runs: a cluster of three, and a provider that may be changed before. */
const program = (change: string, then: string) => `
  import { Cluster } from "muster-vms"
  import { local } from "muster-vms/local"
  const real = local({ root: ${JSON.stringify(directory)}, graceMs: 100 })
  const provider = { ...real, ${change} }
  const spec = { name: "exits", provider, instanceType: "local-1", startup: "exec sleep 600", closeOnExit: true }
  const cluster = new Cluster(spec, { journal: ${JSON.stringify(join(directory, "journal"))} })
  await cluster.scale(3)
  console.log("ready")
  ${then}
`

interface Child {
  readonly said: () => string
  readonly out: () => string
  /** Resolves when it has said this. */
  readonly says: (text: string) => Promise<void>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

function start(change = "", then = ""): Child {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program(change, then)], { cwd: PROGRAMS })
  children.push(child)
  let [out, said] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }))
  })
  const says = async (text: string) => {
    await until(() => Promise.resolve((out + said).includes(text) || child.exitCode !== null))
    if (!(out + said).includes(text)) throw new Error(`it ended without saying ${text}: ${out}${said}`)
  }
  return { out: () => out, said: () => said, says, signal: (signal) => void child.kill(signal), ended }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await systemClock.sleep(20)
}

async function livingIds(): Promise<readonly string[]> {
  const states = ["pending", "running", "stopped", "terminating"] as const
  const found = await local({ root: directory }).list({ states }, bareCalls({ clock: systemClock }))
  return found.map(({ id }) => id)
}

const names = (folder: string) => readdirSync(join(directory, folder))

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("the first %s closes, says so, and ends with %i", async (signal, code) => {
  const child = start()
  await child.says("ready")
  child.signal(signal)
  expect(await child.ended).toEqual({ code, signal: null })
  expect(child.said()).toContain(`muster: ${signal}: closing "exits", 3 instances, within 60 s`)
  expect(child.said()).toContain(`muster: "exits" is closed, 3 instances are gone`)
  expect(await livingIds()).toEqual([])
  expect([...names("clusters"), ...names("claims"), ...names("journal")]).toEqual([])
})

test.each([
  ["an exception", `setTimeout(() => { throw new Error("boom") }, 0)`],
  ["a rejection", `void Promise.reject(new Error("boom"))`],
])("%s that nobody caught is shown, and closes too", async (_what, then) => {
  const child = start("", then)
  expect(await child.ended).toEqual({ code: 1, signal: null })
  expect(child.said()).toMatch(/Error: boom\n {4}at /)
  expect(child.said()).toContain(`"exits" is closed`)
  expect(await livingIds()).toEqual([])
})

test("the second signal leaves the rest to a process that outlives this one", async () => {
  // What hangs here is this process; the other one makes its own provider.
  const child = start(`terminate: () => new Promise(() => {})`)
  await child.says("ready")
  child.signal("SIGINT")
  await child.says("once more to leave it to a process of its own")
  expect(await livingIds()).toHaveLength(3)
  child.signal("SIGINT")
  expect(await child.ended).toEqual({ code: 130, signal: null })
  expect(child.said()).toMatch(/muster: process \d+ goes on ending 3 instances/)
  await until(async () => (await livingIds()).length === 0)
})

test("a provider that no other process can make is named", async () => {
  const child = start(`terminate: () => new Promise(() => {}), recipe: () => undefined`)
  await child.says("ready")
  child.signal("SIGTERM")
  await child.says("once more")
  child.signal("SIGTERM")
  expect((await child.ended).code).toBe(143)
  expect(child.said()).toContain("muster: local local: another process cannot make this provider")
})

test("whoever closes or detaches gets its signals back", async () => {
  const count = `console.log("heard by " + process.listenerCount("SIGINT") + process.listenerCount("uncaughtException"))`
  const child = start("", `${count}; await cluster.detach(); ${count}; setTimeout(() => {}, 60_000)`)
  await child.says("heard by 00")
  expect(child.out()).toContain("heard by 11")
  child.signal("SIGTERM")
  expect(await child.ended).toEqual({ code: null, signal: "SIGTERM" })
  expect(await livingIds()).toHaveLength(3)
})
