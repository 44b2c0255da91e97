import { expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import { VirtualClock } from "../../../src/calls/clock.js"
import { simulate } from "../../../src/simulator/index.js"
import { live, SMALL } from "../support.js"

function two() {
  const clock = new VirtualClock()
  const north = simulate({ clock, region: "north", seed: 1, capacity: [{ count: 4 }] })
  const south = simulate({ clock, region: "south", seed: 2 })
  const spec = { provider: [north.provider, south.provider], instanceType: SMALL }
  return { clock, north: north.world, south: south.world, spec }
}

test("what one region has not, another one has", async () => {
  const { clock, north, south, spec } = two()
  const cluster = new Cluster(spec, { clock, journal: false })
  expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect([live(north).length, live(south).length]).toEqual([12, 8])
  const receipt = await clock.run(cluster.close())
  expect(new Set(receipt.instances.map((row) => row.region))).toEqual(new Set(["north", "south"]))
  expect([...live(north), ...live(south)]).toEqual([])
})

test("a region whose lists fail is neither emptied nor in the way of the other", async () => {
  const { clock, north, south, spec } = two()
  const cluster = new Cluster(spec, { clock, journal: false })
  await clock.run(cluster.scale(20))
  north.faults.rate("ListInstances", 1, { kind: "fail", error: "transient" })
  south.terminate([live(south)[0]?.id ?? ""])
  await clock.run(clock.sleep(200_000))
  expect([live(north).length, live(south).length]).toEqual([12, 8])
  expect(cluster.workers).toHaveLength(20)
  north.faults.clear()
  await clock.run(cluster.close())
  expect([...live(north), ...live(south)]).toEqual([])
})

test("a region that may not be looked at is left out of a new cluster, although it would launch", async () => {
  const { clock, north, south, spec } = two()
  north.faults.rate("ListInstances", 1, { kind: "fail", error: "auth", message: "you may not list" })
  const cluster = new Cluster({ ...spec, name: "render" }, { clock, journal: false })
  const problems: string[] = []
  cluster.on("problem", ({ message }) => problems.push(message))
  expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect([live(north).length, live(south).length]).toEqual([0, 20])
  expect(problems.join()).toContain("you may not list")
  expect((await clock.run(cluster.close())).leaked).toEqual([])
})

test("a region that does not answer keeps a new cluster's name unknown, and is named", async () => {
  const { clock, north, spec } = two()
  north.faults.rate("ListInstances", 1, { kind: "fail", error: "transient", message: "trouble" })
  const cluster = new Cluster({ ...spec, name: "render" }, { clock, journal: false })
  const error = await clock.run(cluster.scale(20).catch((thrown: unknown) => thrown))
  expect(String(error)).toMatch(/looking for "render" in simulated north: .*trouble.*leave this place out/)
})
