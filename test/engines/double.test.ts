/** The double of an engine: what its head says follows the machines of the small cloud. */
import { expect, test } from "vitest"
import type { EngineHead } from "../../src/engines/engine.js"
import { TransientError } from "../../src/errors.js"
import { launchTags } from "../../src/fleet/tags.js"
import { workerName } from "../../src/fleet/reports/worker.js"
import { SMALL, rig } from "../cluster/support.js"
import { OWNER } from "../support/wishes.js"
import { EngineDouble } from "./support/double.js"

function stage() {
  const made = rig({ listLagMs: 0, latency: { bootMs: 20_000, stopMs: 5_000 } })
  const { world, clock } = made
  const launch = (group: string, count: number, environment = {}) => {
    const [zone = ""] = world.settings.zones
    const tags = launchTags(OWNER, group, "token")
    const wish = { zone, instanceType: SMALL, market: "on-demand", min: count, max: count } as const
    const created = world.create({ ...wish, tags, attributes: { environment } })
    return created.kind === "created" ? created.instances : []
  }
  const [{ id: headId = "", privateIp: address = "" } = {}] = launch("head", 1)
  const workers = launch("default", 2, { MUSTER_HEAD_ADDRESS: address })
  const names = workers.map(({ id, tags }) => workerName({ id, name: "", tags }, "default"))
  const abort = new AbortController()
  const head: EngineHead = {
    address,
    reach: () => Promise.reject(new Error("it is asked over no wire")),
    secret: () => Promise.reject(new Error("it has none")),
    keep: () => Promise.reject(new Error("it keeps none")),
    signal: abort.signal,
  }
  const double = new EngineDouble(made)
  const { engine } = double
  const run = <T>(act: () => Promise<T>): Promise<T> => clock.run(act())
  const after = (ms: number) => run(() => clock.sleep(ms))
  const state = () => run(() => engine.state(head))
  const drain = () => run(() => engine.drain(head, names, { deadlineMs: 60_000, signal: abort.signal }))
  const members = async () => (await state()).members.map(({ name }) => name)
  return { ...{ world, launch, headId, workers, names, head, double, abort, after, state, drain, members, run } }
}

test("those that run and look for this head join it, and are gone with their machines", async () => {
  const { world, workers, names, double, launch, after, state, members } = stage()
  await expect(state()).rejects.toThrow(TransientError)
  launch("default", 1, { MUSTER_HEAD_ADDRESS: "10.9.9.9" })
  await after(28_000)
  expect(await members()).toEqual([])
  await after(4_000)
  expect(await members()).toEqual(names)
  expect(await state()).toMatchObject({ idleMs: 4_000 + 20 * 4 })
  double.busy.set(names[0] ?? "", 500)
  expect(await state()).toMatchObject({
    idleMs: 0,
    members: [
      { isIdle: false, heldBytes: 500 },
      { isIdle: true, heldBytes: 0 },
    ],
  })
  world.terminate([workers[0]?.id ?? ""])
  expect(await members()).toEqual(names.slice(1))
})

test("an idle member leaves at once, a busy one when it is done, and one that is odd never comes", async () => {
  const { double, names, workers, after, drain, members } = stage()
  double.isOdd = ({ id }) => id === workers[1]?.id
  double.busy.set(names[0] ?? "", 1)
  await after(33_000)
  expect(await members()).toEqual(names.slice(0, 1))
  expect(await drain()).toEqual(names.slice(1))
  await after(5_000)
  expect(await drain()).toEqual(names)
  expect(await members()).toEqual([])
  expect(double.asked.map(({ verb }) => verb)).toEqual(["state", "drain", "drain", "state"])
})

test("a head may be silent, broken or ended; workers that were told go to another", async () => {
  const { double, world, workers, names, launch, head, headId, after, state, members, run, abort } = stage()
  await after(33_000)
  double.trouble("broken", 1_000)
  await expect(state()).rejects.toThrow("500")
  await after(1_000)
  double.trouble("silent", 30_000)
  const silent = double.engine.state(head)
  silent.catch(() => {})
  await after(10_000)
  abort.abort(new Error("enough"))
  await expect(run(() => silent)).rejects.toThrow("enough")

  double.endScheduler()
  world.terminate([headId])
  const [{ privateIp: address = "" } = {}] = launch("head", 1)
  await after(40_000)
  const other = { ...head, address, signal: new AbortController().signal }
  expect((await run(() => double.engine.state(other))).members).toEqual([])
  for (const { id } of workers) double.tell(id, address)
  expect((await run(() => double.engine.state(other))).members.map(({ name }) => name)).toEqual(names)
  await expect(members()).rejects.toThrow()
})
