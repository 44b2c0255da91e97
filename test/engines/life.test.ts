/** The life of a cluster with an engine: its head, its workers, and who counts when. */
import { expect, test } from "vitest"
import type { ClusterEvent } from "../../src/events.js"
import { live, rig } from "../cluster/support.js"
import { EngineDouble } from "./support/double.js"

function stage(options: Parameters<typeof rig>[0] = {}) {
  const made = rig(options)
  const double = new EngineDouble(made)
  const cluster = made.cluster({ engine: double.engine })
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => events.push(event))
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const groupsOf = () => live(made.world).map(({ tags }) => tags["muster-group"])
  return { ...made, double, cluster, events, run, groupsOf }
}

test("a head comes first, workers with its address, and the target is reached when all have joined", async () => {
  const { cluster, run, groupsOf, world, events, clock } = stage()
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
  const ready = events.filter((event) => event.type === "ready")
  expect(ready).toHaveLength(6)
  expect(cluster.workers.map(({ group }) => group).sort()).toEqual(groupsOf().sort())
  expect(clock.now()).toBeGreaterThan(0)

  await run(() => cluster.scale(0))
  expect(groupsOf()).toEqual(["head"])
  await run(() => cluster.close())
  expect(groupsOf()).toEqual([])
})
