/** Processes that make instances and are killed: the instances live on, and no moment leaves one too many or too few. */
import { type ChildProcess, spawn } from "node:child_process"
import { rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import type { LaunchCall } from "../../src/provider.js"
import { isLong } from "../support/long.js"
import {
  callFor,
  calls,
  cleanUp,
  freshPlace,
  isAlive,
  pidIn,
  processesOf,
  remainsOf,
  secondsFromNow,
  until,
} from "./support.js"

/** Where a process of its own finds JavaScript. */
const PROGRAMS = fileURLToPath(new URL("../../.cache/js", import.meta.url))

afterEach(cleanUp)

/** Sends the launch call in the file it is given, and then stays. */
const MAKER = `
import { readFileSync } from "node:fs"
import { local } from "./providers/local/index.js"
const [root, file] = process.argv.slice(1)
const calls = {
  signal: new AbortController().signal,
  now: () => Date.now(),
  readOnly: false,
  send: (_api, _cost, fn) => fn({ signal: calls.signal, number: 1, observed: () => {} }),
}
console.log("launching")
await local({ root, graceMs: 400 }).launch(JSON.parse(readFileSync(file, "utf8")), calls)
console.log("launched")
setInterval(() => {}, 1000)
`

interface Maker {
  readonly child: ChildProcess
  said(word: string): Promise<void>
  /** Kills it with no warning, and returns once it is dead. */
  kill(): Promise<void>
}

async function make(root: string, call: LaunchCall): Promise<Maker> {
  const file = join(dirname(root), `${root.split("/").at(-1)}-call.json`)
  await writeFile(file, JSON.stringify(call))
  const child = spawn(process.execPath, ["--input-type=module", "--eval", MAKER, root, file], {
    cwd: PROGRAMS,
    stdio: ["ignore", "pipe", "inherit"],
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString()
  })
  return {
    child,
    said: async (word) => {
      await until(`the maker to say ${word}`, () => output.split("\n").includes(word))
    },
    kill: async () => {
      const closed = new Promise((resolve) => child.once("exit", resolve))
      child.kill("SIGKILL")
      await closed
      await rm(file, { force: true })
    },
  }
}

const options = { owner: { deadline: secondsFromNow(600) }, group: { startup: "exec sleep 1000" } }

test("an instance outlives the process that made it, and another process finds and ends it", async () => {
  const place = await freshPlace()
  const maker = await make(place.root, await callFor(place.provider, { ...options, count: 2 }))
  await maker.said("launched")
  await maker.kill()
  await until("both to run", async () => (await place.list({ states: ["running"] })).length === 2)
  const found = await place.list({ cluster: "render", uid: "0123456789abcdef" })
  const supervisors = found.map((one) => pidIn(place, one.id, "supervisor"))
  expect(supervisors.every(isAlive)).toBe(true)
  await place.provider.terminate(found, calls)
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
})

test("the deadline holds when the process that made it is dead", async () => {
  const place = await freshPlace()
  const owner = { deadline: secondsFromNow(3) }
  const maker = await make(place.root, await callFor(place.provider, { ...options, owner, count: 2 }))
  await maker.said("launched")
  await maker.kill()
  await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
})

test("an instance does not keep the process that made it from ending", async () => {
  const place = await freshPlace()
  const maker = await make(place.root, await callFor(place.provider, options))
  await maker.said("launched")
  const closed = new Promise((resolve) => maker.child.once("close", resolve))
  await maker.kill()
  // "close" comes only when nobody else holds the pipe that was its output.
  await closed
  expect(await place.list()).toHaveLength(1)
})

describe("killed at some moment of a launch", () => {
  const moments = isLong ? [0, 2, 4, 6, 8, 10, 13, 16, 20, 25, 30, 40, 60] : [0, 6, 13, 25, 60]
  test.each(moments)("%i ms after its start: a replay completes it and makes nothing twice", async (ms) => {
    const place = await freshPlace()
    const call = await callFor(place.provider, { ...options, count: 6 })
    const maker = await make(place.root, call)
    await maker.said("launching")
    await systemClock.sleep(ms)
    await maker.kill()
    await place.provider.launch(call, calls)
    await until("all to run", async () => (await place.list({ states: ["running"] })).length === 6)
    expect((await place.list()).map((one) => one.id).sort()).toEqual([...(call.names ?? [])].sort())
    const watchdogs = processesOf(place.root).filter(({ command }) => command.includes("supervise.sh watch"))
    expect(watchdogs).toHaveLength(6)
    await place.provider.terminate(await place.list(), calls)
    await until("all to be gone", async () => (await place.list()).length === 0)
    await place.provider.remove?.((await place.provider.leftovers?.({}, calls)) ?? [], calls)
    await until("nothing to remain", async () => (await remainsOf(place.root)).length === 0)
  })
})
