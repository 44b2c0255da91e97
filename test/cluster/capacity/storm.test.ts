/** Spot workers that are taken away: how soon the others are there. */
import { expect, test } from "vitest"
import { live, rig } from "../support.js"

const BOOT_MS = 30_000
const NOTICE_MS = 120_000

test.each([
  ["with head-room each is replaced inside its notice", 1300],
  ["without it, when it has gone", 1000],
])("1000 spot workers, three in ten interrupted in five minutes: %s", async (_title, maxWorkers) => {
  const latency = { bootMs: BOOT_MS, requestMs: 100, createMs: 1_000 }
  const { clock, world, cluster: make } = rig({ latency, noticeMs: NOTICE_MS })
  const cluster = make({ market: "spot", maxWorkers })
  await clock.run(cluster.scale(1000))
  world.faults.storm({ share: 0.3, withinMs: 300_000 })
  let most = 0
  let lastNotice = 0
  let backAt = 0
  for (const end = clock.now() + 540_000; clock.now() < end; ) {
    await clock.run(clock.sleep(500))
    const notices = new Map(world.notices().map(({ id, at }) => [id, at]))
    lastNotice = Math.max(lastNotice, ...[...notices.values()].map((at) => at - NOTICE_MS))
    const there = live(world)
    most = Math.max(most, there.length)
    const working = there.filter(({ id, state }) => state === "running" && !notices.has(id)).length
    if (working < 1000) backAt = 0
    else if (backAt === 0) backAt = clock.now()
  }
  expect(most).toBeLessThanOrEqual(maxWorkers)
  expect(world.truth({}).length).toBeGreaterThanOrEqual(1250)
  // The last interruption: the notice where there is room for another one meanwhile, else the end.
  const last = lastNotice + (maxWorkers > 1000 ? 0 : NOTICE_MS)
  expect((backAt - last) / 1000).toBeLessThanOrEqual((BOOT_MS + 10_000) / 1000)
  expect(backAt).toBeGreaterThan(0)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})
