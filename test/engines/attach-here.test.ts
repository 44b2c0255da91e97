/** The toy engine on this machine, held by one process after another: its token is where this user alone reads it, and nowhere else. */
import { existsSync, readdirSync, statSync } from "node:fs"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { toyEngine } from "../../examples/support/toy-engine.js"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import type { EventOf } from "../../src/events.js"
import { nursery } from "../support/children.js"
import { isLong, LONG } from "../support/long.js"
import { freePort } from "./support/port.js"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-attach-"))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Files of the folder that hold a text, by their paths there. */
async function filesWith(text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const found = await Promise.all(files.map(async (file) => (await readFile(file, "latin1")).includes(text)))
  return files.filter((_, at) => found[at]).map((file) => file.slice(folder.length + 1))
}

test.skipIf(!isLong)(`who has the secrets of this machine goes on, and nobody else launches (${LONG})`, async () => {
  const port = await freePort()
  const [journal, other] = [join(folder, "journal"), join(folder, "other")]
  const place = { provider: local({ root: join(folder, "root") }) }
  const first = new Cluster({ ...place, name: "whole", engine: toyEngine({ port }) }, { journal })
  expect(await first.scale(3)).toMatchObject({ ready: 3 })
  const [kept = ""] = (await readdir(journal)).filter((name) => name.endsWith(".engine"))
  const [token = ""] = Object.values(JSON.parse(await readFile(join(journal, kept), "utf8")) as Record<string, string>)
  await first.detach()

  const stranger = await Cluster.attach("whole", { ...place, engine: toyEngine({ port }) }, { journal: other })
  await expect(stranger.scale({ default: 4 })).rejects.toThrow("whose secrets this machine does not have")
  expect(stranger.workers).toHaveLength(4)
  await stranger.detach()

  const second = await Cluster.attach("whole", { ...place, engine: toyEngine({ port }) }, { journal })
  const drained: EventOf<"drained">[] = []
  const notes: string[] = []
  second.on("drained", (event) => drained.push(event))
  second.on("note", ({ message }) => notes.push(message))
  expect(await second.scale({ default: 5 })).toMatchObject({ ready: 5 })
  expect((await filesWith(token)).filter((file) => !file.endsWith("/guest/sent/secrets"))).toEqual([`journal/${kept}`])
  await second.scale({ default: 2 })
  await vi.waitFor(() => expect(drained).toHaveLength(3), { timeout: 60_000 })
  expect(drained.every(({ hasLeft }) => hasLeft)).toBe(true)
  await second.scale({ default: 0 })
  expect(second.workers.map(({ group }) => group)).toEqual(["head"])
  expect(notes.join("\n")).toMatch(/the head head-\w+ of the engine stays, .*; close\(\) ends it/)
  await second.close()
  expect(await readdir(journal)).toEqual([])
  expect(await filesWith(token)).toEqual([])
})

describe.skipIf(!isLong)(`a process that is killed by SIGKILL (${LONG})`, () => {
  const { directory, start } = nursery()

  test("leaves the files of its client's keys beside its journal, and a sweep of the name removes them", async () => {
    const journal = join(directory(), "journal")
    const child = start(`
      import { Cluster } from "muster-vms"
      import { local } from "muster-vms/local"
      const engine = {
        name: "kept", ports: { scheduler: 1 }, recipe: {},
        head: () => ({ startup: "exec sleep 1000" }),
        worker: () => ({ startup: "exec sleep 1000" }),
        state: async () => ({ members: [], idleMs: 0 }),
        drain: async (_, names) => names,
        client: async (head) => ({ address: "kept://", environment: await head.keep({ "ca.pem": "an authority", "key.pem": "a secret key" }, head.signal) }),
      }
      const provider = local({ root: ${JSON.stringify(directory())}, graceMs: 0 })
      const cluster = new Cluster({ name: "work", provider, engine }, { journal: ${JSON.stringify(journal)} })
      cluster.scale(1).catch(() => {})
      console.log("paths", JSON.stringify(Object.values((await cluster.client()).environment)), "end")
    `)
    await child.says("end\n")
    child.signal("SIGKILL")
    await child.ended
    const paths = JSON.parse(/paths (.*) end/.exec(child.out())?.[1] ?? "[]") as string[]
    expect(paths.map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
    expect(paths.every((path) => path.startsWith(`${journal}/`))).toBe(true)
    await Cluster.sweep({ provider: local({ root: directory(), graceMs: 0 }), name: "work" }, { journal })
    expect(existsSync(journal) ? readdirSync(journal) : []).toEqual([])
  })
})
