/** What goes wrong with Dask's scripts on real machines, and what they say of it. */
import { existsSync, writeFileSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { afterEach, describe, expect, test } from "vitest"
import { type DaskOptions, dask } from "../../../src/engines/dask/index.js"
import { folderForEachTest } from "../../support/folder.js"
import { isLong, LONG } from "../../support/long.js"
import { Boots, hasDask, PYTHON, python, WITHOUT } from "./boots.js"
import { killProgram } from "./machines.js"

const title = `trouble with Dask${isLong ? (hasDask ? "" : ` (${WITHOUT})`) : ` (${LONG})`}`

describe.skipIf(!isLong || !hasDask)(title, { timeout: 900_000 }, () => {
  let boots: Boots | undefined
  let folder = ""
  const servers: Server[] = []
  folderForEachTest((path) => {
    folder = path
  })
  afterEach(async () => {
    await boots?.close()
    for (const server of servers.splice(0)) server.close()
  })

  function bootsOf(options: DaskOptions): Boots {
    boots = new Boots(dask({ client: PYTHON, nanny: false, ...options }), folder)
    return boots
  }

  /** A module that every Python of a boot loads first. */
  function siteOf(text: string): Readonly<Record<string, string>> {
    writeFileSync(join(folder, "sitecustomize.py"), text)
    return { PYTHONPATH: folder }
  }

  function occupy(host: string, port: number): Promise<ReadonlySet<Socket>> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => void sockets.add(socket.on("error", () => {})))
    servers.push(server)
    return new Promise((resolve) => server.listen(port, host, () => resolve(sockets)))
  }

  test.each([
    [8786, "port"],
    [8787, "dashboardPort"],
  ] as const)("port %i is taken: the head says so, and which option gives another", async (port, option) => {
    const cluster = bootsOf({})
    await occupy(cluster.addressOf(0), port)
    const head = await cluster.startHead()
    expect(await head.ended).not.toBe(0)
    expect(head.log()).toContain(
      `muster: port ${port} of this machine cannot be listened on (Address already in use): end what has it, or give dask() another ${option}`,
    )
  })

  test("a worker of another version does not join, and says why", async () => {
    for (const nanny of [true, false]) {
      const cluster = bootsOf({ nanny })
      await cluster.startHead()
      await cluster.members(0)
      const environment = siteOf('import distributed\ndistributed.__version__ = "2024.1.0"\n')
      const worker = await cluster.startWorker(1, { environment })
      expect(await worker.ended).toBe(78)
      expect(worker.log()).toMatch(
        /muster: distributed 2024\.1\.0 here, 2022\.12\.1\S* on the head: give both the same requirements, image or container\n/,
      )
      expect((await cluster.state()).members).toEqual([])
      await cluster.close()
    }
  })

  test("a client of another version is told before it connects", async () => {
    const client = join(folder, "python")
    const versions = { python: "3.11.2", dask: "2022.12.1", distributed: "2023.5.0" }
    writeFileSync(client, `#!/bin/sh\necho '${JSON.stringify(versions)}'\n`, { mode: 0o755 })
    const cluster = bootsOf({ client })
    await cluster.startHead()
    await cluster.members(0)
    const asked = cluster.engine.client(cluster.head, { scheduler: 1, dashboard: 2 })
    await expect(asked).rejects.toThrow(
      /distributed 2023\.5\.0 here, 2022\.12\.1\S* on the head: a client of .* would fail/,
    )
    const other = dask({ client, version: "2022.12.1" })
    await expect(other.check?.([], new AbortController().signal)).rejects.toThrow(
      /^dask\.version: is "2022\.12\.1": distributed 2023\.5\.0 here, 2022\.12\.1 on head and workers: .* give version "2023\.5\.0", install/,
    )
  })

  test("more memory than the machine has is refused, in words", async () => {
    const cluster = bootsOf({ memoryLimit: "900TiB" })
    const worker = await cluster.startWorker(1)
    expect(await worker.ended).toBe(78)
    expect(worker.log()).toMatch(
      /muster: memoryLimit of dask\(\) is 921600\.0 GiB, and this machine has [\d.]+ GiB: give less/,
    )
  })

  test("no Python with distributed: the script says what to give", async () => {
    const cluster = bootsOf({ python: "3.99" })
    const head = await cluster.startHead()
    expect(await head.ended).toBe(78)
    expect(head.log()).toContain("muster: distributed for Python 3.99 is not on this machine: give dask() requirements")
  })

  test("workers look for their head again, also where it is at another address", async () => {
    const cluster = bootsOf({})
    const first = await cluster.startHead()
    const file = join(folder, "head")
    const workers = [1, 2].map((number) => cluster.startWorker(number, { environment: { MUSTER_HEAD_FILE: file } }))
    await Promise.all(workers)
    await cluster.members(2)
    first.kill("SIGKILL")
    await cluster.startHead()
    await cluster.members(2)
    writeFileSync(file, cluster.addressOf(9))
    await cluster.startHead(9)
    await cluster.members(0)
    cluster.killHeadAt(0)
    await cluster.members(2)
  })

  test("a head that does not answer is given up after the death timeout, and looked for anew", async () => {
    for (const nanny of [true, false]) {
      const cluster = bootsOf({ deathTimeout: "10s", nanny })
      const sockets = await occupy(cluster.addressOf(0), 8786)
      const worker = await cluster.startWorker(1)
      await cluster.until("that it gave up", async () =>
        worker.log().includes("it looks for the head again") ? true : undefined,
      )
      for (const server of servers.splice(0)) server.close()
      for (const socket of sockets) socket.destroy()
      await cluster.startHead()
      await cluster.members(1)
      await cluster.close()
    }
  })

  test("a head that is lost without a word while workers join: they go to the one that takes its place at once", async () => {
    for (const nanny of [true, false]) {
      const cluster = bootsOf({ deathTimeout: "1h", nanny })
      const [former, next] = [cluster.addressOf(0), cluster.addressOf(9)]
      const file = join(folder, "head")
      const sockets = await occupy(former, 8786)
      const worker = await cluster.startWorker(1, { environment: { MUSTER_HEAD_FILE: file } })
      await cluster.until("Dask at the head", async () => (sockets.size > 1 ? true : undefined))
      await cluster.startHead(9)
      writeFileSync(file, next)
      await cluster.members(1)
      expect(worker.log()).toContain(`muster: the head is at ${next} now, and not at ${former} any more`)
      expect(worker.log()).toContain("muster: the worker ended with code 0; it looks for the head again")
      await cluster.close()
      for (const server of servers.splice(0)) server.close()
      for (const socket of sockets) socket.destroy()
    }
  })

  test("a head is lost while the nanny starts its worker again: it goes to the one that takes its place at once", async () => {
    const cluster = bootsOf({ deathTimeout: "1h", nanny: true })
    const file = join(folder, "head")
    const head = await cluster.startHead()
    const worker = await cluster.startWorker(1, { environment: { MUSTER_HEAD_FILE: file } })
    await cluster.members(1)
    killProgram(worker.name, "spawn_main")
    await cluster.until("another worker", async () => (worker.log().includes("Restarting worker") ? true : undefined))
    head.kill("SIGKILL")
    await cluster.startHead(9)
    writeFileSync(file, `${cluster.addressOf(9)}\n`)
    await cluster.members(1)
  })

  test("a head is lost while workers compute: they do not finish that before they go to the one that takes its place", async () => {
    for (const nanny of [true, false]) {
      const cluster = bootsOf({ nanny, nthreads: 1 })
      const file = join(folder, "head")
      const head = await cluster.startHead()
      const worker = await cluster.startWorker(1, { environment: { MUSTER_HEAD_FILE: file } })
      await cluster.members(1)
      const address = `tcp://${cluster.addressOf(0)}:8786`
      await python(COMPUTE_ON, { DASK_SCHEDULER_ADDRESS: address, FOLDER: folder })
      head.kill("SIGKILL")
      await cluster.startHead(9)
      writeFileSync(file, cluster.addressOf(9))
      await cluster.members(1)
      // By Dask itself it would close after half a minute.
      expect(worker.log()).toContain(`muster: the head is at ${cluster.addressOf(9)} now`)
      await cluster.close()
    }
  })

  test("a worker whose death timeout is lost looks for its head again", async () => {
    const cluster = bootsOf({ deathTimeout: "1s" })
    const sockets = await occupy(cluster.addressOf(0), 8786)
    const worker = await cluster.startWorker(1, { environment: siteOf(DEAF) })
    await cluster.until("Dask at the head", async () => (sockets.size > 1 ? true : undefined))
    for (const server of servers.splice(0)) server.close()
    for (const socket of sockets) socket.destroy()
    const late = new RegExp(
      `muster: the head at ${cluster.addressOf(0)} has not taken this worker in (?:1[1-9]|[2-9]\\d) s`,
    )
    await cluster.until("that it gave up", async () => (late.test(worker.log()) ? true : undefined))
    await cluster.startHead()
    await cluster.members(1)
  })

  test("where a version has no place for the routes, Dask's own are used, and the log says so", async () => {
    const cluster = bootsOf({})
    const head = await cluster.startHead(0, siteOf(BROKEN))
    await Promise.all([1, 2].map((number) => cluster.startWorker(number)))
    const { members, demand } = await cluster.members(2)
    expect(members.every(({ isIdle, heldBytes }) => !isIdle && heldBytes === 0)).toBe(true)
    expect(demand).toBe(0)
    expect(head.log()).toContain("muster: this distributed has no place for Muster's routes (RuntimeError('moved'))")
    const held = python(HOLD, { DASK_SCHEDULER_ADDRESS: `tcp://${cluster.addressOf(0)}:8786`, FOLDER: folder })
    await cluster.until("results", async () => (existsSync(join(folder, "held")) ? true : undefined))
    const { signal } = new AbortController()
    const left = await cluster.engine.drain(cluster.head, ["default-1"], { deadlineMs: 120_000, signal })
    expect(left).toEqual(["default-1"])
    expect((await cluster.state()).members.map(({ name }) => name)).toEqual(["default-2"])
    expect(await held).toBe("45 10")
  })
})

const BROKEN = `
from distributed import Scheduler
target, calls = Scheduler.adaptive_target, []
def broken(self):
    if not calls:
        calls.append(1)
        raise RuntimeError("moved")
    return target(self)
Scheduler.adaptive_target = broken
`

/** As when each cancellation comes at the moment at which a connection is refused. */
const DEAF = `
import asyncio
from distributed import Worker
register = Worker._register_with_scheduler
async def deaf(self):
    while True:
        try:
            return await register(self)
        except asyncio.CancelledError:
            pass
Worker._register_with_scheduler = deaf
`

/** It computes for longer than any of this takes. */
const COMPUTE_ON = `
import os, time
from distributed import Client, fire_and_forget
begun = os.environ["FOLDER"] + "/begun"
if os.path.exists(begun):
    os.remove(begun)
def f():
    open(begun, "w").close()
    time.sleep(600)
with Client() as client:
    fire_and_forget(client.submit(f))
    while not os.path.exists(begun):
        time.sleep(0.05)
`

const HOLD = `
import os, time
from distributed import Client, wait
here = os.environ["FOLDER"]
def f(i):
    with open(here + "/counted", "a") as file:
        file.write("x")
    return i
with Client() as client:
    held = client.map(f, range(10), pure=False)
    wait(held)
    open(here + "/held", "w").close()
    while len(client.scheduler_info()["workers"]) > 1:
        time.sleep(0.05)
    print(sum(client.gather(held)), os.path.getsize(here + "/counted"))
`
