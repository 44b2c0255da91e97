/** The toy engine's own programs, in real shells, and what the engine says of them. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { runLines, toyEngine } from "../../examples/support/toy-engine.js"
import { AuthError, TransientError } from "../../src/errors.js"
import type { Engine, EngineBoot, EngineHead } from "../../src/engines/engine.js"
import { freePort } from "./support/port.js"

/** Longer than anything here takes on a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 20 }
const GROUP = { name: "default", fields: {} }

let folder = ""
let port = 0
let engine: Engine
let token = ""
const running = new Set<ChildProcess>()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-toy-"))
  port = await freePort()
  engine = toyEngine({ port })
  token = secretOf(engine.head(GROUP))
})
afterEach(async () => {
  await Promise.all([...running].map(end))
  rmSync(folder, { recursive: true, force: true })
})

function secretOf({ secrets = {} }: EngineBoot): string {
  const source = secrets.TOY_TOKEN
  return typeof source === "object" && "make" in source ? String(source.make()) : ""
}

function start(boot: EngineBoot, own: Readonly<Record<string, string>>): ChildProcess {
  const env = { PATH: process.env.PATH, TOY_TOKEN: token, MUSTER_HEAD_FILE: join(folder, "head"), ...own }
  const child = spawn("/bin/sh", ["-c", boot.startup], { env, stdio: ["ignore", "ignore", "inherit"] })
  running.add(child)
  return child
}

const startHead = (MUSTER_ADDRESS: string) => start(engine.head(GROUP), { MUSTER_ADDRESS })
const startWorker = (MUSTER_NAME: string) =>
  start(engine.worker(GROUP), { MUSTER_NAME, MUSTER_HEAD_ADDRESS: "127.0.0.1" })

async function end(child: ChildProcess): Promise<void> {
  running.delete(child)
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, "exit")
  child.kill("SIGKILL")
  await exited
}

function headAt(host: string, shown = token): EngineHead {
  return {
    address: host,
    reach: () => Promise.resolve({ host, port }),
    secret: () => Promise.resolve(shown),
    keep: () => Promise.reject(new Error("it keeps none")),
    signal: new AbortController().signal,
  }
}

const state = (host = "127.0.0.1") => engine.state(headAt(host)).catch(() => undefined)
const names = async (host?: string) => (await state(host))?.members.map(({ name }) => name).sort()
const idle = async () => (await state())?.members.filter(({ isIdle }) => isIdle).map(({ name }) => name)
const drain = (asked: readonly string[]) =>
  engine.drain(headAt("127.0.0.1"), asked, { deadlineMs: 1000, signal: new AbortController().signal })

test("lines run on members; the line of one that is killed runs on another, and one that leaves has finished its own", async () => {
  startHead("127.0.0.1")
  const [a] = ["a", "b"].map(startWorker)
  await expect.poll(() => names(), PATIENCE).toEqual(["a", "b"])
  expect(await state()).toMatchObject({ demand: 0, members: [{ heldBytes: 0 }, { heldBytes: 0 }] })
  const client = await engine.client(headAt("127.0.0.1"), { scheduler: port })
  expect(await runLines(client, ["echo one", "echo two", "exit 3", "echo four"])).toEqual([
    "one\n",
    "two\n",
    "",
    "four\n",
  ])

  const wait = `while [ ! -e '${folder}/go' ]; do sleep 0.05; done; echo done`
  const outputs = runLines(client, [wait, wait])
  await expect
    .poll(state, PATIENCE)
    .toMatchObject({ demand: 2, idleMs: 0, members: [{ isIdle: false }, { isIdle: false }] })
  if (a !== undefined) await end(a)
  await expect.poll(() => names(), PATIENCE).toEqual(["b"])
  startWorker("c")
  await expect.poll(() => names(), PATIENCE).toEqual(["b", "c"])
  await expect.poll(idle, PATIENCE).toEqual([])
  // Whoever never joined has nothing.
  expect(await drain(["b", "nobody"])).toEqual(["nobody"])
  writeFileSync(join(folder, "go"), "")
  expect(await outputs).toEqual(["done\n", "done\n"])
  await expect.poll(() => drain(["b"]), PATIENCE).toEqual(["b"])
  expect(await names()).toEqual(["c"])
  await expect.poll(async () => (await state())?.idleMs, PATIENCE).toBeGreaterThan(0)
})

test("without the token nobody is answered, and the token is in no argument list", async () => {
  const head = startHead("127.0.0.1")
  await expect.poll(() => names(), PATIENCE).toEqual([])
  await expect(engine.state(headAt("127.0.0.1", "guess"))).rejects.toThrow(AuthError)
  const scripts = [engine.head(GROUP), engine.worker(GROUP)].map((boot) => `${boot.setup}${boot.startup}`).join("")
  const words = existsSync("/proc") ? readFileSync(`/proc/${head.pid}/cmdline`, "utf8") : ""
  expect([scripts.includes(token), words.includes(token)]).toEqual([false, false])
})

test("a worker whose head is gone looks for it where the file says", async () => {
  const head = startHead("127.0.0.1")
  startWorker("a")
  await expect.poll(() => names(), PATIENCE).toEqual(["a"])
  await end(head)
  await expect(engine.state(headAt("127.0.0.1"))).rejects.toThrow(TransientError)
  startHead("127.0.0.2")
  writeFileSync(join(folder, "head"), "127.0.0.2\n")
  await expect.poll(() => names("127.0.0.2"), PATIENCE).toEqual(["a"])
})
