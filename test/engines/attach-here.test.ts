/** The toy engine on this machine, held by one process after another: its token is where this user alone reads it, and nowhere else. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { toyEngine } from "../../examples/support/toy-engine.js"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import type { EventOf } from "../../src/events.js"
import { isLong, LONG } from "../support/long.js"
import { freePort } from "./support/port.js"

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

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
  await vi.waitFor(() => expect(drained).toHaveLength(3), { timeout: 10_000 })
  expect(drained.every(({ hasLeft }) => hasLeft)).toBe(true)
  await second.scale({ default: 0 })
  expect(second.workers.map(({ group }) => group)).toEqual(["head"])
  expect(notes.join("\n")).toMatch(/the head head-\w+ of the engine stays, .*; close\(\) ends it/)
  await second.close()
  expect(await readdir(journal)).toEqual([])
  expect(await filesWith(token)).toEqual([])
})
