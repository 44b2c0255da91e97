/** One of two regions answers nothing at all: the other does its work as if it were alone. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { simulate } from "../../../src/simulator/index.js"
import { live, SMALL } from "../support.js"

const HANGS = { kind: "hang" } as const

function two() {
  const clock = new VirtualClock()
  const latency = { bootMs: 20_000 }
  const north = simulate({ clock, region: "north", seed: 1, latency, capacity: [{ zone: "northa", count: 10 }] })
  const south = simulate({ clock, region: "south", seed: 2, latency })
  for (const zone of ["northb", "northc"]) north.world.faults.emptyPool({ zone })
  const provider = [north.provider, south.provider]
  const cluster = new Cluster({ name: "render", provider, instanceType: SMALL }, { clock, journal: false })
  return { clock, cluster, north: north.world, south: south.world }
}

describe("lists", () => {
  const begin = async () => {
    const regions = two()
    const { clock, cluster, north, south } = regions
    await clock.run(cluster.scale(20))
    expect([live(north).length, live(south).length]).toEqual([10, 10])
    north.faults.rate("ListInstances", 1, HANGS)
    // The next look at it has begun.
    await clock.run(clock.sleep(31_000))
    return regions
  }

  test("more workers come in the other region in their time", async () => {
    const { clock, cluster } = await begin()
    const begun = clock.now()
    expect(await clock.run(cluster.scale(60))).toMatchObject({ running: 60 })
    expect(clock.now() - begun).toBeLessThan(60_000)
  })

  test("what vanishes in the other region is replaced", async () => {
    const { clock, cluster, south } = await begin()
    south.terminate(live(south).map(({ id }) => id))
    await clock.run(clock.sleep(75_000))
    expect(live(south)).toHaveLength(10)
    expect(cluster.workers.filter(({ state }) => state === "running")).toHaveLength(20)
  })

  test("close: all that is known goes at once, and only the silent region is named", async () => {
    const { clock, cluster, north, south } = await begin()
    const closing = cluster.close({ timeout: "2m" }).catch((error: Error) => error.message)
    await clock.run(clock.sleep(1_000))
    expect([live(north), live(south)]).toEqual([[], []])
    const said = await clock.run(closing)
    expect(said).toContain("a complete list of simulated north")
    expect(said).not.toContain("simulated south")
  })

  test("it is looked at again as soon as it answers", async () => {
    const { clock, cluster, north } = await begin()
    north.terminate(live(north).map(({ id }) => id))
    await clock.run(clock.sleep(60_000))
    north.faults.clear()
    await clock.run(clock.sleep(180_000))
    expect(cluster.workers.filter(({ state }) => state === "running")).toHaveLength(20)
    expect(await clock.run(cluster.close())).toMatchObject({ leaked: [] })
  })
})

test.each(["ListOffers", "SetUp"])("%s: a first burst goes to the other region, which says why", async (api) => {
  const { clock, cluster, north, south } = two()
  north.faults.rate(api, 1, HANGS)
  const begun = clock.now()
  expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
  expect(clock.now() - begun).toBeLessThan(120_000)
  expect([live(north).length, live(south).length]).toEqual([0, 20])
  expect(cluster.explain().groups[0]?.outages).toMatchObject([{ code: "NoAnswer", scope: { region: "north" } }])
  north.faults.clear()
  expect(await clock.run(cluster.close())).toMatchObject({ leaked: [] })
})
