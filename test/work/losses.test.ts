/** Workers of real processes that are killed, and that go with notice, in the middle of work. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { systemClock } from "../../src/calls/clock.js"
import { localRemote } from "../../src/remote/local.js"
import { Connections } from "../../src/remote/ssh/connections.js"
import { sshRemote } from "../../src/remote/ssh/remote.js"
import { noSshd, PORT, startSshd } from "../remote/support/sshd.js"
import { isLong } from "../support/long.js"
import { remote } from "../../src/work/remote-module.js"
import type { AnyTask } from "../../src/work/work.js"
import type { Remote } from "../../src/remote/remote.js"
import { isAlive } from "./support/alive.js"
import { allOf, begin } from "./support/begin.js"
import { RealPlaces } from "./support/real.js"

const tasks = remote<typeof import("./support/tasks.js")>(new URL("./support/tasks.ts", import.meta.url))

let directory = ""
let places: RealPlaces
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "muster-losses-"))
  places = new RealPlaces(join(directory, "workers"))
})
afterEach(async () => {
  await places.close()
  rmSync(directory, { recursive: true, force: true })
})

/** Each task notes that it ran, and those in the middle take longer. Some workers are killed, and as many told that they go, once a part of the results is there. */
async function withLosses(tasks: number, losses: number) {
  const runs = join(directory, "runs")
  const command = `echo "$MUSTER_TASK_INDEX $MUSTER_TASK_ATTEMPT" >>'${runs}'; [ $((MUSTER_TASK_INDEX * 8 / ${tasks})) != 2 ] || sleep 0.2`
  const inputs = Array.from({ length: tasks }, (_, index) => index)
  const { farm, close } = await begin(places, inputs, { command })
  const found: number[] = []
  for (let one = await farm.next(); one !== undefined; one = await farm.next()) {
    found.push(one.index)
    const step = Math.floor(tasks / 8 / losses)
    if (found.length >= tasks / 4 && found.length % step === 0 && found.length < (tasks * 3) / 8) {
      // Those whose tasks have just begun.
      const [first = "", second = ""] = [...places.busyNow].filter((id) => places.ids.includes(id)).reverse()
      places.kill(first)
      places.notice(second, 2000)
    }
  }
  await close()
  const ran = readFileSync(runs, "utf8").trim().split("\n")
  return { found, ran, lost: farm.state().lost }
}

function expectEachOnce({ found, ran, lost }: Awaited<ReturnType<typeof withLosses>>, tasks: number): void {
  expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: tasks }, (_, index) => index))
  expect(ran.every((line) => line.endsWith(" 1"))).toBe(true)
  expect(ran.length - tasks).toBeGreaterThanOrEqual(0)
  expect(ran.length - tasks).toBeLessThanOrEqual(lost)
  expect(ran.length - tasks).toBeLessThanOrEqual(tasks / 20)
}

test("some workers are killed, and some go with notice: each input has its result once", async () => {
  const [workers, tasks, losses] = isLong ? [100, 10_000, 3] : [5, 100, 1]
  for (let at = 0; at < workers; at += 1) places.add(`w${at}`)
  const come = await withLosses(tasks, losses)
  expectEachOnce(come, tasks)
  expect(places.ids.length).toBeLessThanOrEqual(workers - losses)
}, 1_200_000)

describe.skipIf(noSshd !== undefined || !isLong)(`over ssh${noSshd === undefined ? "" : ` (${noSshd})`}`, () => {
  test("20 workers of a real sshd: 3 are killed, 3 go with notice", async () => {
    const addresses = Array.from({ length: 20 }, (_, index) => `127.0.25.${index + 1}`)
    const sshd = await startSshd(addresses, PORT, ["MaxStartups 200"])
    const connections = new Connections({ workers: () => addresses.length })
    try {
      const { port, user, privateKey } = sshd
      for (const host of addresses) {
        const server = { name: host, host, port, user, privateKey, hostKeys: [sshd.hostKey] }
        places.add(host, sshRemote({ id: host, server, way: { kind: "direct" } }, connections, systemClock))
      }
      const come = await withLosses(10_000, 3)
      expectEachOnce(come, 10_000)
    } finally {
      await places.close()
      connections.close()
      await sshd.stop()
    }
  }, 1_200_000)
})

/** The way to a server, which can fall silent without an end. */
async function silentWay(host: string, to: number) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to, host)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one.on("error", () => {}))
      one.pipe(other)
    }
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const silence = () => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  return { port: (server.address() as AddressInfo).port, silence, close }
}

/** A tenth of the time, in the setting that the program of Node is given. */
function inHaste(remote: Remote): Remote {
  return {
    ...remote,
    spawn: async (command, options) => {
      const process = await remote.spawn(command, options)
      const write = process.stdin.write.bind(process.stdin)
      process.stdin.write = (bytes) =>
        write(
          Buffer.from(Buffer.from(bytes).toString("latin1").replace('"silentMs":55000', '"silentMs": 5500'), "latin1"),
        )
      return process
    },
  }
}

test.skipIf(noSshd !== undefined || !isLong)(
  "a task that blocks has ended before the 61st second of a silent connection",
  async () => {
    const host = "127.0.25.99"
    const sshd = await startSshd([host], PORT + 1)
    const way = await silentWay(host, sshd.port)
    const connections = new Connections({ workers: () => 1 })
    try {
      const { user, privateKey, hostKey } = sshd
      const server = { name: "w", host: "127.0.0.1", port: way.port, user, privateKey, hostKeys: [hostKey] }
      places.add("w", inHaste(sshRemote({ id: "w", server, way: { kind: "direct" } }, connections, systemClock)))
      const pids: string[] = []
      const onLog = ({ text }: { readonly text: string }) => {
        pids.push(text)
        way.silence()
      }
      const opened = await begin(places, [1], tasks.blocksAt as AnyTask, { onLog })
      await expect.poll(() => pids.length).toBe(1)
      await expect.poll(() => isAlive(pids[0] ?? "")).toBe(false)
      await expect.poll(() => places.processesOf("w")).toEqual([])
      // This side has heard nothing: for it the task goes on.
      expect(opened.farm.state()).toMatchObject({ running: 1, lost: 0 })
      way.close()
      places.kill("w")
      await expect(allOf(opened)).rejects.toThrow("no worker is left")
    } finally {
      way.close()
      connections.close()
      await sshd.stop()
    }
  },
)

test("a worker that goes while the files of a task are brought loses it, and they are brought from another", async () => {
  const here = localRemote({ words: [], address: "127.0.0.1" }, systemClock)
  let losses = 0
  const reach = (id: string): Remote => ({
    ...here,
    spawn: async (command, options) => {
      const process = await here.spawn(command, options)
      if (!String(command).startsWith("tar") || losses > 0) return process
      // What carries the files ends first, as processes of a machine that goes do.
      losses += 1
      process.kill("SIGKILL")
      setTimeout(() => places.kill(id), 200)
      return process
    },
  })
  for (const id of ["a", "b"]) places.add(id, reach(id))
  const to = join(directory, "out")
  const command = 'head -c 3000000 /dev/zero >"$MUSTER_OUTPUT/f"'
  const opened = await begin(places, [1], { command }, { outputs: to })
  expect(await allOf(opened)).toMatchObject([{ stdout: "" }])
  expect([statSync(join(to, "f")).size, opened.farm.state().lost]).toEqual([3_000_000, 1])
})

test("nothing that a task has started is left once its work is over", async () => {
  places.add("w")
  const pids = join(directory, "pids")
  const command = `sleep 1000 & echo $! >>'${pids}'; exit 0`
  await allOf(await begin(places, [1, 2], { command }))
  expect(existsSync(pids)).toBe(true)
  await places.channels.close()
  await expect.poll(() => places.processesOf("w")).toEqual([])
})
