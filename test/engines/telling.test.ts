/** How workers are told of the head that takes another one's place. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import type { Clock } from "../../src/calls/clock.js"
import { TELL_HEAD } from "../../src/guest/head-file.js"
import { rig } from "../cluster/support.js"
import { folderForEachTest } from "../support/folder.js"
import { EngineDouble } from "./support/double.js"
import { headsIn, routeToWorkers, told, workerIn } from "./support/telling.js"

vi.mock(import("../../src/remote/output.js"), async (original) => ({
  ...(await original()),
  runCommand: (await import("./support/telling.js")).tellInstead,
}))

let folder = ""
folderForEachTest((path) => {
  folder = path
})

test("the address is in its file as a whole, or not at all", () => {
  mkdirSync(join(folder, "head"))
  const file = join(folder, "head", "address")
  const tell = (input: string, more: object = { MUSTER_HEAD_FILE: file }) =>
    spawnSync("/bin/sh", ["-c", TELL_HEAD], { input, env: { PATH: "/usr/bin:/bin", ...more } }).status
  expect(tell("10.0.0.1\n")).toBe(0)
  expect(tell("fd00::17\n")).toBe(0)
  expect(readFileSync(file, "utf8")).toBe("fd00::17\n")
  // The connection broke before it had come, or in its middle.
  expect(tell("")).not.toBe(0)
  expect(tell("10.0")).not.toBe(0)
  expect(readFileSync(file, "utf8")).toBe("fd00::17\n")
  expect(readdirSync(join(folder, "head"))).toEqual(["address"])
  expect(tell("10.0.0.1\n", {})).toBe(75)
})

test("an address that is written late is not the last that a worker is told", async () => {
  const { world, clock, provider, cluster: clusterOf } = rig({ seed: 3, listLagMs: 0 })
  const double = new EngineDouble({ world, clock })
  const cluster = clusterOf({
    ...{ provider: { ...provider, route: routeToWorkers }, engine: double.engine },
    whenHeadLost: "restart",
  })
  const addresses: string[] = []
  told.by = async (worker, address) => {
    if (!addresses.includes(address)) addresses.push(address)
    const there = workerIn(world, worker)
    await clock.sleep(address === addresses[0] ? 19_000 : 100)
    double.tell(there?.id ?? "", address)
  }
  await clock.run(cluster.scale(3))
  await clock.run(lose(clock))
  await clock.run(clock.sleep(180_000))
  expect(addresses).toHaveLength(2)
  expect(cluster.workers.filter(({ ready, group }) => ready && group !== "head")).toHaveLength(3)
  // Nobody was replaced.
  expect(world.truth({ tags: { "muster-group": "default" } })).toHaveLength(3)
  await clock.run(cluster.close())

  /** One that ran, and the one that comes in its place as soon as workers are being told of it. */
  async function lose({ sleep }: Clock): Promise<void> {
    double.endScheduler()
    while (addresses.length === 0) await sleep.call(clock, 500)
    world.lose(headsIn(world).map(({ id }) => id))
  }
})
