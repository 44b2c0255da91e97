/** Engine demand: a cluster with an engine follows what its head says. */
import { expect, it } from "vitest"
import type { ClusterEvent } from "../../src/events.js"
import { live, rig } from "../cluster/support.js"
import { EngineDouble } from "../engines/support/double.js"

const MINUTE = 60_000

it("launches the head, follows what it says, and keeps what there is while it says nothing", async () => {
  const made = rig({ listLagMs: 0 })
  const { clock, world } = made
  const double = new EngineDouble(made)
  const cluster = made.cluster({ engine: double.engine })
  const problems: string[] = []
  cluster.on("*", (event: ClusterEvent) => {
    if (event.type === "problem" && event.error === "DemandError") problems.push(event.message)
  })
  const wait = (ms: number) => clock.run(clock.sleep(ms))
  const workers = () => live(world).filter(({ tags }) => tags["muster-group"] === "default").length
  double.demand = 0
  const adapting = await clock.run(cluster.adapt({ maximum: 6 }))
  await wait(3 * MINUTE)
  // Nothing is wrong with a head that boots.
  expect([live(world).length, workers(), problems]).toEqual([1, 0, []])
  double.demand = 4
  await wait(10_100)
  expect(adapting.target).toBe(4)
  await wait(3 * MINUTE)
  expect(workers()).toBe(4)
  double.demand = 0
  double.trouble("broken", MINUTE)
  await wait(30_000)
  expect(adapting.target).toBe(4)
  expect(problems).toEqual([expect.stringContaining("the head of double does not answer")])
  double.calm()
  await wait(3 * MINUTE)
  expect(adapting.target).toBe(0)
  // Members are given time to hand on what they hold.
  await wait(10 * MINUTE)
  expect(workers()).toBe(0)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

it("says that an engine tells no demand, and keeps what there is", async () => {
  const made = rig({ listLagMs: 0 })
  const { clock } = made
  const double = new EngineDouble(made)
  double.demand = undefined
  const cluster = made.cluster({ engine: double.engine })
  const said: string[] = []
  cluster.on("problem", ({ message }) => void said.push(message))
  await clock.run(cluster.adapt({ minimum: 1, maximum: 6 }))
  await clock.run(clock.sleep(5 * MINUTE))
  expect(said).toEqual([expect.stringContaining("double tells no demand here; give adapt one: demand: () => …")])
  expect(cluster.group("default").desired).toBe(1)
  await clock.run(cluster.close())
})
