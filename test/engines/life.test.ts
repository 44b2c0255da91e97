/** The life of a cluster with an engine: its head, its workers, and who counts when. */
import { expect, test } from "vitest"
import type { ClusterEvent } from "../../src/events.js"
import { live, type Rig, rig } from "../cluster/support.js"
import { heldBytes, MEBIBYTE } from "../support/held.js"
import { isLong } from "../support/long.js"
import { EngineDouble } from "./support/double.js"

function stage(fields: Parameters<Rig["cluster"]>[0] = {}) {
  const made = rig()
  const double = new EngineDouble(made)
  const cluster = made.cluster({ engine: double.engine, ...fields })
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => events.push(event))
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const groupsOf = () => live(made.world).map(({ tags }) => tags["muster-group"])
  return { ...made, double, cluster, events, run, groupsOf }
}

test("a head comes first, workers with its address, and the target is reached when all have joined", async () => {
  const { cluster, run, groupsOf, world, events, clock, provider } = stage()
  const result = await run(() => cluster.scale(5))
  expect(result).toMatchObject({ desired: 5, running: 5, ready: 5 })
  expect(groupsOf().sort()).toEqual(["default", "default", "default", "default", "default", "head"])
  const [head] = world.truth({ tags: { "muster-group": "head" } })
  const workers = world.truth({ tags: { "muster-group": "default" } })
  expect(head?.offer.market).toBe("on-demand")
  const told = workers.map(({ attributes }) => attributes.environment)
  expect(told).toEqual(workers.map(() => ({ MUSTER_HEAD_ADDRESS: head?.privateIp })))
  const started = events.filter((event) => event.type === "launch-started")
  expect(started.map(({ group }) => group)).toEqual(["head", "default"])
  const headSeen = events.find((event) => event.type === "worker" && event.group === "head")?.at ?? 0
  const lastCallAt = started.at(-1)?.at ?? Number.POSITIVE_INFINITY
  expect(lastCallAt - headSeen).toBeLessThanOrEqual(provider.limits.look.everyMs)
  const ready = events.filter((event) => event.type === "ready")
  expect(ready).toHaveLength(6)
  expect(cluster.workers.map(({ group }) => group).sort()).toEqual(groupsOf().sort())
  expect(clock.now()).toBeGreaterThan(0)

  await run(() => cluster.scale(0))
  expect(groupsOf()).toEqual(["head"])
  await run(() => cluster.close())
  expect(groupsOf()).toEqual([])
})

test("a ceiling and a plan count the head, a target does not", async () => {
  const { cluster, run } = stage({ maxWorkers: 4 })
  await expect(run(() => cluster.scale(4))).rejects.toThrow("is 5 in all, with the head, above maxWorkers 4")
  const { groups } = await run(() => cluster.plan(3))
  expect(groups.map(({ group, desired }) => [group, desired])).toEqual([
    ["head", 1],
    ["default", 3],
  ])
  expect(await run(() => cluster.scale(3))).toMatchObject({ desired: 3, ready: 3 })
  await run(() => cluster.close())
})

test("who never joins is replaced when its time is over, and who is away for a minute as one that is unhealthy", async () => {
  const { cluster, run, world, double, events, clock } = stage()
  await run(() => cluster.scale(2))
  const [away] = world.truth({ states: ["running"], tags: { "muster-group": "default" } })
  double.isOdd = ({ id }) => id === away?.id
  const from = clock.now()
  await run(() => clock.sleep(180_000))
  const failed = events.find((event) => event.type === "ready" && !event.isReady && event.action === "replace")
  expect(failed).toMatchObject({ id: away?.id, check: "membership" })
  expect((failed?.at ?? 0) - from).toBeGreaterThanOrEqual(60_000)
  expect((failed?.at ?? 0) - from).toBeLessThan(90_000)
  expect(await run(() => cluster.scale(2))).toMatchObject({ ready: 2 })

  const known = new Set(cluster.workers.map(({ id }) => id))
  double.isOdd = ({ id }) => !known.has(id)
  clock.timer(17 * 60_000, () => {
    double.isOdd = () => false
  })
  expect(await run(() => cluster.scale(3, { timeout: "20m" }))).toMatchObject({ ready: 3 })
  expect(events.filter((event) => event.type === "ready" && event.action === "replace").length).toBeGreaterThan(1)
  await run(() => cluster.close())
})

test.skipIf(!isLong)("a head that is asked for days keeps nothing of it here", { timeout: 120_000 }, async () => {
  const { clock, cluster, run, double, events, world } = stage({ maxLifetime: "30d" })
  await run(() => cluster.scale(2))
  const held: number[] = []
  for (let day = 1; day <= 5; day += 1) {
    await run(() => clock.sleep(24 * 3_600_000))
    expect(double.asked.length).toBeGreaterThan(8000)
    for (const kept of [double.asked, events]) kept.length = 0
    world.ledger.clear()
    held.push(heldBytes() / MEBIBYTE)
  }
  expect((held.at(-1) ?? 0) - (held[0] ?? 0)).toBeLessThan(1)
  await run(() => cluster.close())
})
