/** Files with keys for an engine's clients: they are beside the cluster's journal, and go with it, whatever becomes of their process. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { local } from "../../providers/local/index.js"
import { Cluster } from "../../src/cluster.js"
import type { Engine } from "../../src/engines/engine.js"
import { rig } from "../cluster/support.js"
import { nursery } from "../support/children.js"
import { isLong, LONG } from "../support/long.js"
import { EngineDouble } from "./support/double.js"

const FILES = { "ca.pem": "an authority", "key.pem": "a secret key" }

/** What programs of the client are given is where the files are. */
async function stage(isKept: boolean) {
  const made = rig()
  const folder = mkdtempSync(join(tmpdir(), "muster-kept-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { engine } = new EngineDouble(made)
  const keeping: Engine = {
    ...engine,
    client: async (head) => ({ address: "double://", environment: await head.keep(FILES, head.signal) }),
  }
  const journal = isKept ? join(folder, "journal") : false
  const cluster = made.cluster({ name: "work", engine: keeping }, { journal })
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  await run(() => cluster.scale(1))
  const clients = [await run(() => cluster.client()), await run(() => cluster.client())] as const
  const paths = clients.map(({ environment }) => Object.values(environment))
  return { cluster, clients, run, paths, journal: String(journal) }
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test("all clients of a cluster have the same ones, which only this user reads, until the cluster is closed", async () => {
  const { cluster, clients, run, paths, journal } = await stage(true)
  const [own = [], others] = paths
  expect(own).toEqual(others)
  expect(own.map((path) => path.slice(journal.length))).toEqual([
    expect.stringMatching(/^\/work\.[0-9a-f]+\.engine\.ca\.pem$/),
    expect.stringMatching(/^\/work\.[0-9a-f]+\.engine\.key\.pem$/),
  ])
  expect(own.map((path) => readFileSync(path, "utf8"))).toEqual(Object.values(FILES))
  expect(own.map(modeOf)).toEqual(["600", "600"])
  await run(() => clients[0].close())
  expect(own.filter(existsSync)).toEqual(own)
  await run(() => cluster.close())
  expect(readdirSync(journal)).toEqual([])
})

test("without a journal each client has its own, until it is closed", async () => {
  const { cluster, clients, run, paths } = await stage(false)
  const [own = [], others = []] = paths
  expect(own[0]).not.toBe(others[0])
  expect([...own, ...others].map(modeOf)).toEqual(["600", "600", "600", "600"])
  await run(() => clients[0].close())
  expect([...own, ...others].filter(existsSync)).toEqual(others)
  await run(() => cluster.close())
  expect(others.filter(existsSync)).toEqual([])
})

describe.skipIf(!isLong)(`a process that is killed by SIGKILL (${LONG})`, () => {
  const { directory, start } = nursery()

  test("leaves them beside its journal, and a sweep of the name removes them", { timeout: 60_000 }, async () => {
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
        client: async (head) => ({ address: "kept://", environment: await head.keep(${JSON.stringify(FILES)}, head.signal) }),
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
    expect(paths.map(modeOf)).toEqual(["600", "600"])
    expect(paths.every((path) => path.startsWith(`${journal}/`))).toBe(true)
    await Cluster.sweep({ provider: local({ root: directory(), graceMs: 0 }), name: "work" }, { journal })
    expect(existsSync(journal) ? readdirSync(journal) : []).toEqual([])
  })
})
