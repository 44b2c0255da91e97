/** What another process ends on purpose stays ended, however long an idle owner lives; what is lost comes back. */
import { describe, expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import type { ClusterEvent } from "../../../src/index.js"
import { World, worldProvider } from "../../../src/simulator/index.js"
import { live, rig, type Rig, SMALL } from "../support.js"

const HOUR_MS = 3_600_000
const idsIn = (at: Rig) => live(at.world).map(({ id }) => id)

async function idle(at: Rig, count: number) {
  const owner = at.cluster({ name: "render" })
  const problems: ClusterEvent[] = []
  owner.on("problem", (event) => problems.push(event))
  await at.clock.run(owner.scale(count))
  await at.clock.run(at.clock.sleep(60_000))
  return { owner, problems }
}

describe.each([1, 7])("%i workers, and their owner idle", (count) => {
  test("deleted by name from elsewhere: they stay deleted, and the owner says so, scales again and closes", async () => {
    const at = rig()
    const { owner, problems } = await idle(at, count)
    const rows = await at.clock.run(Cluster.sweep({ provider: at.provider, name: "render" }, { clock: at.clock }))
    expect(rows.filter(({ kind, removed }) => kind === "instance" && removed)).toHaveLength(count)
    await at.clock.run(at.clock.sleep(HOUR_MS))
    expect(live(at.world)).toEqual([])
    expect(at.world.truth()).toHaveLength(count)
    expect(problems).toMatchObject([
      { group: "default", error: "OwnershipError", message: /ended on purpose.*the target is now 0.*scale again/ },
    ])
    expect(await at.clock.run(owner.scale(2))).toMatchObject({ running: 2 })
    const receipt = await at.clock.run(owner.close())
    expect(receipt.instances).toHaveLength(count + 2)
    expect(live(at.world)).toEqual([])
  })

  test("lost with their hosts: they come back", async () => {
    const at = rig()
    const { owner, problems } = await idle(at, count)
    at.world.lose(idsIn(at))
    await at.clock.run(at.clock.sleep(HOUR_MS))
    expect(live(at.world)).toHaveLength(count)
    expect(problems).toEqual([])
    await at.clock.run(owner.close())
  })
})

test("one of three that somebody deletes is replaced", async () => {
  const at = rig()
  const { owner } = await idle(at, 3)
  at.world.terminate(idsIn(at).slice(0, 1))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  expect(live(at.world)).toHaveLength(3)
  await at.clock.run(owner.close())
})

test("who waits for workers gets them, whatever is ended meanwhile", async () => {
  const at = rig({ latency: { bootMs: 30_000 } })
  const owner = at.cluster({ name: "render" })
  const scaling = owner.scale(4)
  await at.clock.run(at.clock.sleep(10_000))
  at.world.terminate(idsIn(at))
  expect(await at.clock.run(scaling)).toMatchObject({ running: 4 })
  expect(live(at.world)).toHaveLength(4)
  await at.clock.run(owner.close())
})

test("what an owner before had ended, and is carried out late, is replaced by the next one", async () => {
  const at = rig({ listLagMs: 20_000 })
  const { owner } = await idle(at, 3)
  await at.clock.run(owner.detach())
  at.world.terminate(idsIn(at))
  const next = at.cluster({ name: "render", existing: "connect" })
  await at.clock.run(next.scale(3))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  expect(live(at.world)).toHaveLength(3)
  await at.clock.run(next.close())
})

test.each([1, 2, 3])(
  "lists show one by one what was deleted by name: it stays deleted all the same (seed %i)",
  async (seed) => {
    for (const terminatedVisibleMs of [0, HOUR_MS]) {
      const at = rig({ seed, listLagMs: [0, 20_000], limits: { consistencyMs: 30_000 }, terminatedVisibleMs })
      const { owner } = await idle(at, 6)
      await at.clock.run(Cluster.sweep({ provider: at.provider, name: "render" }, { clock: at.clock }))
      await at.clock.run(at.clock.sleep(HOUR_MS))
      expect([live(at.world), at.world.truth().length]).toEqual([[], 6])
      await at.clock.run(owner.close())
    }
  },
)

test("what a process that took over has ended, without launching anything, stays ended, too", async () => {
  const at = rig({ listLagMs: [0, 20_000], limits: { consistencyMs: 30_000 }, terminatedVisibleMs: 0 })
  const { owner } = await idle(at, 6)
  const { provider, clock } = at
  const next = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
  await clock.run(next.close())
  await clock.run(clock.sleep(HOUR_MS))
  expect([live(at.world), at.world.truth().length]).toEqual([[], 6])
  await clock.run(owner.detach())
})

test("what is deleted by name in two places stays deleted in both", async () => {
  const clock = new VirtualClock()
  const worlds = ["r1", "r2"].map((region) => new World({ clock, region, seed: 7 }))
  // Half of it fits into one place.
  for (const world of worlds) world.setCapacity({ instanceType: SMALL }, 1)
  const provider = worlds.map((world) => worldProvider(world))
  const owner = new Cluster(
    { name: "render", provider, instanceType: SMALL, spread: "zones" },
    { clock, journal: false },
  )
  const places = () => worlds.map((world) => live(world).length)
  await clock.run(owner.scale(4))
  await clock.run(clock.sleep(60_000))
  expect(Math.min(...places())).toBeGreaterThan(0)
  await clock.run(Cluster.sweep({ provider, name: "render" }, { clock }))
  await clock.run(clock.sleep(HOUR_MS))
  expect(places()).toEqual([0, 0])
  await clock.run(owner.close())
})

test("of two groups the one that was ended stays so, once nothing else is left", async () => {
  const at = rig()
  const owner = at.cluster({ name: "render", groups: { one: {}, two: {} } })
  await at.clock.run(owner.scale({ one: 2, two: 3 }))
  await at.clock.run(at.clock.sleep(60_000))
  at.world.terminate(idsIn(at))
  await at.clock.run(at.clock.sleep(HOUR_MS))
  expect(live(at.world)).toEqual([])
  await at.clock.run(owner.close())
})
