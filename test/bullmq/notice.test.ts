/** How processes on a worker hear of its end: by the script that is given as `onNotice`, and by SIGTERM. */
import { execFile, spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { drainNotice } from "../../src/demand/bullmq/index.js"
import { folderForEachTest } from "../support/folder.js"
import { soon } from "./support/soon.js"

const PROGRAMS = fileURLToPath(new URL("../../.cache/js", import.meta.url))
const HAS_BUSYBOX = spawnSync("busybox", ["true"]).status === 0

/** Two workers that need no queue, and what becomes of their jobs. One job of each goes back, and then the other ends. */
const PROGRAM = `
  import { drainOnNotice } from "muster-vms/bullmq"
  for (const id of ["first", "second"]) {
    const running = []
    const worker = {
      name: id,
      callProcessJob: (job) => new Promise((resolve) => (job.end = resolve)),
      close: () => Promise.all(running),
      once() {},
    }
    const onDrained = (drained) => console.log(JSON.stringify(drained))
    drainOnNotice(worker, { ...JSON.parse(process.env.OPTIONS), fits: ({ id }) => id.endsWith("-ends"), onDrained })
    const ends = { id: id + "-ends", moveToWait: async () => {} }
    const goes = { id: id + "-goes", moveToWait: async () => ends.end() }
    for (const job of [ends, goes]) running.push(worker.callProcessJob(job, "token").catch(() => {}))
  }
  // Both are there before either is heard: a second one that comes later may find a process that is on its way out.
  process.on("SIGUSR2", () => ["SIGTERM", "SIGTERM"].forEach((signal) => process.kill(process.pid, signal)))
  setInterval(() => {}, 1000)
  console.log("ready")
`

let folder = ""
folderForEachTest((path) => {
  folder = path
})
const variables = () => ({
  PATH: process.env.PATH ?? "",
  TMPDIR: folder,
  MUSTER_UID: "0123abcd",
  MUSTER_NAME: "default-x1",
})
const place = () => join(folder, "muster-drain-0123abcd-default-x1")

function begin(options: object, environment: Record<string, string> = variables()) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    cwd: PROGRAMS,
    env: { ...environment, OPTIONS: JSON.stringify(options) },
  })
  let said = ""
  const hear = (text: Buffer) => {
    said += text.toString()
  }
  for (const stream of [child.stdout, child.stderr]) stream.on("data", hear)
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal))
  })
  const drained = () => said.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as object] : []))
  return { child, ended, drained, said: () => said, ready: () => soon(() => said).toContain("ready") }
}

/** As the guest runs a group's `onNotice`. */
async function notice(shell: readonly string[], seconds: number, environment: Record<string, string> = variables()) {
  const script = join(folder, "on-notice")
  writeFileSync(script, drainNotice)
  const [program = "", ...words] = [...shell, script]
  const told = { ...environment, MUSTER_REASON: "interrupted", MUSTER_SECONDS_LEFT: String(seconds) }
  return (await promisify(execFile)(program, words, { env: told, timeout: 50_000 })).stdout
}

const SHELLS = [["sh"], ["bash"], ...(HAS_BUSYBOX ? [["busybox", "sh"]] : [])]

test.each(SHELLS)(
  "onNotice in %s tells every worker of the process, and waits until it has ended",
  async (...shell) => {
    const { ended, drained, ready, said } = begin({})
    await ready()
    expect(readdirSync(place())).toHaveLength(2)
    expect(await notice(shell, 60)).toBe("")
    expect(await ended).toBe(0)
    const result = (id: string) => ({ reason: "interrupted", ended: 1, handedBack: [`${id}-goes`], lost: [] })
    expect(drained()).toEqual([result("first"), result("second")])
    expect(said()).not.toContain("Warning")
    expect(existsSync(place())).toBe(false)
  },
)

test("SIGTERM alone: a second is all there is, and the exit code is the one that was asked for", async () => {
  const { child, ended, drained, ready } = begin({ exit: 9 })
  await ready()
  // What comes after the first SIGTERM changes nothing.
  child.kill("SIGUSR2")
  expect(await ended).toBe(9)
  expect(drained()).toMatchObject([
    { reason: "SIGTERM", handedBack: ["first-goes"] },
    { reason: "SIGTERM", handedBack: ["second-goes"] },
  ])
  expect(existsSync(place())).toBe(false)
})

test("a process that begins when the notice is there already drains at once, and one that may go on does", async () => {
  mkdirSync(place(), { mode: 0o700 })
  writeFileSync(join(place(), "notice"), "deadline 1\n")
  const { child, drained } = begin({ exit: false })
  await soon(() => drained().length).toBe(2)
  expect(drained()).toMatchObject([{ reason: "deadline" }, { reason: "deadline" }])
  expect(child.exitCode).toBe(null)
  child.kill("SIGKILL")
})

test("a process that begins when onNotice removes the folder keeps its file", async () => {
  const bin = join(folder, "bin")
  mkdirSync(bin)
  const begins = `mkdir -p -m 700 '${place()}'; : >'${place()}/drain-1.1'`
  writeFileSync(join(bin, "rm"), `#!/bin/sh\n${begins}\nexec /bin/rm "$@"\n`, { mode: 0o755 })
  mkdirSync(place(), { mode: 0o700 })
  expect(await notice(["sh"], 60, { ...variables(), PATH: `${bin}:/usr/bin:/bin` })).toBe("")
  expect(readdirSync(place())).toEqual(["drain-1.1"])
  expect(readdirSync(folder).filter((name) => name.startsWith("muster-drain"))).toHaveLength(1)
})

test("onNotice says so where nothing drains, and waits for nobody who is gone", async () => {
  expect(await notice(["sh"], 1)).toBe("drainOnNotice runs in no process of this worker\n")
  mkdirSync(place(), { mode: 0o700 })
  writeFileSync(join(place(), "drain-999999999.1"), "")
  expect(await notice(["sh"], 600)).toBe("")
})

test("a folder that somebody has put in its place is not believed", async () => {
  mkdirSync(join(folder, "theirs"))
  symlinkSync(join(folder, "theirs"), place())
  const { child, ended, drained, ready, said } = begin({})
  await ready()
  await soon(said).toContain("belongs to somebody else: drainOnNotice hears of the worker's end by SIGTERM alone")
  expect(await notice(["sh"], 1)).toContain("in no process")
  child.kill("SIGTERM")
  expect(await ended).toBe(0)
  expect(drained()).toHaveLength(2)
})

test("no folder is made where this is no worker of Muster's", async () => {
  const { child, ended, ready } = begin({}, { PATH: process.env.PATH ?? "", TMPDIR: folder })
  await ready()
  expect(readdirSync(folder)).toEqual([])
  child.kill("SIGTERM")
  expect(await ended).toBe(0)
})
