/** What no longer works is replaced, at a sensible pace, and from what there is. */
import { expect, test } from "vitest"
import type { ShortfallError } from "../../../src/errors.js"
import type { EventOf } from "../../../src/events.js"
import { live, rig } from "../support.js"

test("interrupted workers of a cold pool are replaced on demand", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make({ market: "spot-with-fallback" })
  await clock.run(cluster.scale(10))
  world.setCapacity({ market: "spot" }, 0)
  world.faults.interrupt({ market: "spot" }, { count: 4 })
  await clock.run(clock.sleep(300_000))
  const markets = live(world).map(({ market }) => market)
  expect([markets.length, markets.filter((market) => market === "on-demand").length]).toEqual([10, 4])
  await clock.run(cluster.close())
})

test("workers that somebody deletes are replaced at once; who deletes them again and again is not raced", async () => {
  const { clock, world, cluster: make } = rig({ latency: { bootMs: 5_000 } })
  const cluster = make()
  await clock.run(cluster.scale(20))
  await clock.run(clock.sleep(60_000))
  world.terminate(
    live(world)
      .slice(0, 10)
      .map(({ id }) => id),
  )
  await clock.run(clock.sleep(60_000))
  expect(live(world)).toHaveLength(20)
  const kept = new Set(
    live(world)
      .map(({ id }) => id)
      .slice(0, 10),
  )
  const before = world.ledger.count("CreateInstances")
  // An account's clean-up job that knows half of them, every ten seconds for an hour.
  for (const end = clock.now() + 3_600_000; clock.now() < end; ) {
    world.terminate(live(world).flatMap(({ id }) => (kept.has(id) ? [] : [id])))
    await clock.run(clock.sleep(10_000))
  }
  expect(world.ledger.count("CreateInstances") - before).toBeLessThan(15)
  const { groups } = cluster.explain()
  expect(groups[0]?.shortfall.reasons).toMatchObject([{ code: "Vanishing", advice: /clean-up job/ }])
  expect(String(cluster.explain())).toMatch(/next: asking for \d+ more, in /)
  await clock.run(cluster.scale(20))
  expect(live(world)).toHaveLength(20)
  await clock.run(cluster.close())
})

test("a fifth of a large group fails to boot: it stops and says so, once", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const problems: EventOf<"problem">[] = []
  cluster.on("problem", (event) => problems.push(event))
  world.faults.rateBoots(0.4, {}, { message: "disk full" })
  const error = await clock.run(cluster.scale(200).catch((thrown: unknown) => thrown))
  const { shortfall, running } = error as ShortfallError
  expect(shortfall.reasons.every(({ reason }) => reason === "boot")).toBe(true)
  expect(shortfall.count + running).toBe(200)
  expect(problems.filter(({ error }) => error === "BootFailures")).toMatchObject([
    { error: "BootFailures", message: /disk full/ },
  ])
  expect(cluster.explain().groups[0]).toMatchObject({ stopped: /too many boots failed/ })
  const made = world.truth({}).length
  await clock.run(clock.sleep(3_600_000))
  expect(world.truth({}).length).toBe(made)
  await clock.run(cluster.close())
})

test("a boot that fails now and then stops nothing", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.rateBoots(0.1)
  expect(await clock.run(cluster.scale(200))).toMatchObject({ running: 200 })
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})
