import { expect, test } from "vitest"
import { rig } from "./support.js"

test("before anything was asked, while it is asked, and when it runs", async () => {
  const { clock, cluster: make } = rig({ latency: { bootMs: 30_000 } })
  const cluster = make({ name: "render" })
  expect(cluster.explain()).toMatchObject({ cluster: "render", groups: [], unavailable: [] })
  expect(String(cluster.explain())).toBe('"render": no cloud was asked anything yet')
  const scaling = cluster.scale(300)
  await clock.run(clock.sleep(500))
  expect(cluster.explain().groups).toMatchObject([{ desired: 300, running: 0, booked: 300, shortfall: { count: 300 } }])
  expect(String(cluster.explain())).toMatch(
    /waiting for:\n {4}simulated\/sim-1: 2 launch calls for 300, sent, not answered yet/,
  )
  await clock.run(clock.sleep(10_000))
  expect(cluster.explain().groups).toMatchObject([{ pending: 300, booked: 0 }])
  expect(String(cluster.explain())).toMatch(
    /0 of 300 run, 300 boot\n {2}300 are missing:\n {4}300 × timeout \(Pending\)/,
  )
  await clock.run(scaling)
  expect(String(cluster.explain())).toMatch(/300 of 300 run\n {2}next: looking at the cloud, in \d+ s$/)
  await clock.run(cluster.close())
})

test("what waits for the account's limits says when it will be sent", async () => {
  const buckets = {
    reads: { kind: "token" as const, capacity: 200, perSecond: 50 },
    writes: { kind: "token" as const, capacity: 2, perSecond: 0.1 },
  }
  const { clock, cluster: make } = rig({ buckets, limits: { createBatch: 10 } })
  const cluster = make()
  const scaling = cluster.scale(50, { timeout: "1h" })
  await clock.run(clock.sleep(5_000))
  const [group] = cluster.explain().groups
  const waiting = group?.waiting.find(({ what }) => what.includes("waiting for the account's limits"))
  expect((waiting?.until ?? 0) - clock.now()).toBeGreaterThan(20_000)
  await clock.run(scaling)
  expect(clock.now()).toBeGreaterThan((waiting?.until ?? 0) - 10_000)
  await clock.run(cluster.close())
})

test("a throttle is waited for, and said", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.fail("CreateInstances", { error: "throttled", retryAfterMs: 20_000, times: 1 })
  const scaling = cluster.scale(5)
  await clock.run(clock.sleep(5_000))
  expect(String(cluster.explain())).toMatch(/throttled \(writes\), nothing is sent meanwhile, in 1\d s/)
  await clock.run(scaling)
  await clock.run(cluster.close())
})

test("a shortfall: the cloud's words, its scope, when it is tried again, and what would help", async () => {
  const { clock, cluster: make } = rig({ capacity: [{ count: 7 }] })
  const cluster = make({ zones: ["sim-1a"], market: "spot" })
  await clock.run(cluster.scale(10, { minimum: 1 }))
  const [row] = cluster.explain().groups[0]?.shortfall.reasons ?? []
  expect(row).toMatchObject({
    count: 3,
    reason: "capacity",
    scope: { provider: "simulated", region: "sim-1", zone: "sim-1a", market: "spot" },
    advice: expect.stringContaining('market "spot-with-fallback"'),
  })
  expect(row?.retryAt).toBeGreaterThan(clock.now())
  const text = String(cluster.explain())
  expect(text).toMatch(/7 of 10 run\n {2}3 are missing:\n {4}3 × capacity/)
  expect(text).toMatch(/next: trying again for 3, in [12] min/)
  expect(text).toMatch(/not asked for now, because it was refused a while ago:\n {4}simulated sim-1a/)
  await clock.run(cluster.close())
})
