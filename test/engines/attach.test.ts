/** Another process finds the engine of a cluster that lives, by what its instances keep, and its head by the secrets of this machine. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { mkdtemp, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import type { Engine } from "../../src/engines/engine.js"
import { SpecError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import type { Provider } from "../../src/provider.js"
import { EngineSecrets } from "../../src/fleet/state/engine/secrets.js"
import { live, rig } from "../cluster/support.js"
import { OWNER } from "../support/wishes.js"
import { EngineDouble } from "./support/double.js"

/** Its instances keep what they were made from. */
function recalling(provider: Provider): Provider {
  const kept = new Map<string, string>()
  return {
    ...provider,
    prepare: (owner, group, calls) => {
      kept.set(group.name, group.spec?.text ?? "")
      return provider.prepare(owner, group, calls)
    },
    recall: ({ tags }) => Promise.resolve(kept.get(tags[TAG.group] ?? "")),
  }
}

async function detached(fields: object = {}) {
  const made = rig()
  const double = new EngineDouble(made)
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const provider = recalling(made.provider)
  const first = made.cluster({ name: "whole", provider, engine: double.engine, ...fields })
  await run(() => first.scale(2))
  await run(() => first.detach())
  const attach = (fields: object) =>
    run(() => Cluster.attach("whole", { provider, ...fields }, { clock: made.clock, journal: false }))
  const groups = () =>
    live(made.world)
      .map(({ tags }) => tags["muster-group"])
      .sort()
  return { ...made, double, run, attach, groups }
}

test("with the engine it goes on: workers that come join the head that is there", async () => {
  const { double, run, attach, groups } = await detached()
  const cluster = await attach({ engine: double.engine })
  expect(await run(() => cluster.scale(4))).toMatchObject({ desired: 4, ready: 4 })
  expect(groups()).toEqual(["default", "default", "default", "default", "head"])
  await run(() => cluster.close())
  expect(groups()).toEqual([])
})

test("what follows when its head is lost is as it was made, where nothing else is given", async () => {
  const { double, run, attach, groups, clock, world } = await detached({ whenHeadLost: "restart" })
  const cluster = await attach({ engine: double.engine, takeOver: true })
  world.lose(double.heads().map(({ id }) => id))
  await run(() => clock.sleep(600_000))
  expect(groups()).toEqual(["default", "default", "head"])
  await run(() => cluster.close())
})

test("its head is not lost where it does not answer the next process at once, though it has run for long", async () => {
  const { double, run, attach, groups, clock } = await detached()
  await run(() => clock.sleep(1_200_000))
  double.trouble("broken", 8_000)
  const cluster = await attach({ engine: double.engine })
  const heads: string[] = []
  cluster.on("head", ({ what }) => void heads.push(what))
  expect(await run(() => cluster.scale(3))).toMatchObject({ ready: 3 })
  expect(heads).toEqual([])
  expect(groups()).toEqual(["default", "default", "default", "head"])
  await run(() => cluster.close())
})

test("without one that has a name here nothing is launched, and the error says what to give", async () => {
  const { run, attach, groups, double } = await detached()
  const cluster = await attach({})
  await expect(run(() => cluster.scale({ default: 4 }))).rejects.toThrow(
    "cluster.engine: is missing: group default was made for engine double; attach with engine: double(…)",
  )
  expect(groups()).toEqual(["default", "default", "head"])
  const other = { ...double.engine, name: "other" }
  await expect(attach({ engine: other })).rejects.toThrow("is other, and the cluster that lives has double")
  await run(() => cluster.close())
  expect(groups()).toEqual([])
})

test("without the secrets of the head nothing is launched, also where workers need none, and it can be made smaller", async () => {
  const { run, attach, groups, double } = await detached()
  const head = () => ({ startup: "exec head", secrets: { TOKEN: { make: () => "another" } } })
  const cluster = await attach({ engine: { ...double.engine, head }, access: "10.0.0.1/32" })
  await expect(run(() => cluster.scale(4))).rejects.toThrow(
    /cluster\.engine: has a head in "whole" already, whose secrets/,
  )
  expect(groups()).toEqual(["default", "default", "head"])
  expect(await run(() => cluster.scale(1))).toMatchObject({ desired: 1, running: 1 })
  await run(() => cluster.close())
  expect(groups()).toEqual([])
})

test("secrets of an engine are made once, for this user alone; without them none is made for a head that lives", async () => {
  const journal = await mkdtemp(join(tmpdir(), "muster-engine-"))
  try {
    const open = (directory: string | false, hasHead: boolean) => {
      const secrets = new EngineSecrets(directory, OWNER, systemClock, () => hasHead)
      secrets.add("TOKEN", () => `made ${Math.random()}`)
      return secrets
    }
    const first = open(journal, false)
    await first.ensure()
    const [file = ""] = await readdir(journal)
    expect(file).toBe(`${OWNER.cluster}.${OWNER.uid}.engine`)
    expect((await stat(join(journal, file))).mode & 0o777).toBe(0o600)
    expect(await open(journal, true).value("TOKEN")).toBe(await first.value("TOKEN"))
    await rm(join(journal, file))
    await expect(open(journal, true).value("TOKEN")).rejects.toThrow(SpecError)
    await expect(open(false, true).value("TOKEN")).rejects.toThrow("none is kept where there is no journal")
    expect(await readdir(journal)).toEqual([])
  } finally {
    await rm(journal, { recursive: true, force: true })
  }
})

const FILES = { "ca.pem": "an authority", "key.pem": "a secret key" }

/** What programs of the client are given is where the files are. */
async function keeping(isKept: boolean) {
  const made = rig()
  const folder = mkdtempSync(join(tmpdir(), "muster-kept-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { engine } = new EngineDouble(made)
  const keeper: Engine = {
    ...engine,
    client: async (head) => ({ address: "double://", environment: await head.keep(FILES, head.signal) }),
  }
  const journal = isKept ? join(folder, "journal") : false
  const cluster = made.cluster({ name: "work", engine: keeper }, { journal })
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  await run(() => cluster.scale(1))
  const clients = [await run(() => cluster.client()), await run(() => cluster.client())] as const
  const paths = clients.map(({ environment }) => Object.values(environment))
  return { cluster, clients, run, paths, journal: String(journal) }
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test("files with keys for clients: all clients of a cluster have the same ones, which only this user reads, until the cluster is closed", async () => {
  const { cluster, clients, run, paths, journal } = await keeping(true)
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

test("files with keys for clients: without a journal each client has its own, until it is closed", async () => {
  const { cluster, clients, run, paths } = await keeping(false)
  const [own = [], others = []] = paths
  expect(own[0]).not.toBe(others[0])
  expect([...own, ...others].map(modeOf)).toEqual(["600", "600", "600", "600"])
  await run(() => clients[0].close())
  expect([...own, ...others].filter(existsSync)).toEqual(others)
  await run(() => cluster.close())
  expect(others.filter(existsSync)).toEqual([])
})
