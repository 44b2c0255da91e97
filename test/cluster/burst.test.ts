import { expect, test } from "vitest"
import { live, rig } from "./support.js"

test("0 → 100 → 0: the receipt names every instance, and nothing lives", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const scaled = await clock.run(cluster.scale(100))
  expect(scaled).toEqual({
    desired: 100,
    running: 100,
    ready: 100,
    shortfall: { count: 0, reasons: [] },
    finished: { succeeded: 0, failed: 0 },
    superseded: false,
  })
  expect(new Set(cluster.workers.map((worker) => worker.state))).toEqual(new Set(["running"]))
  const receipt = await clock.run(cluster.close())
  expect(receipt).toMatchObject({ leaked: [], leftovers: [] })
  expect(receipt.instances).toHaveLength(100)
  expect(receipt.seconds).toBeGreaterThan(0)
  expect(receipt.cost).toBeCloseTo((receipt.seconds / 3600) * 0.02, 6)
  expect(live(world)).toEqual([])
})

test.each([1, 100, 250, 251, 1000, 1001])("%i up and down take the fewest calls that the limits allow", async (n) => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(n))
  expect(world.ledger.count("CreateInstances")).toBe(Math.ceil(n / 250))
  const looks = world.ledger.count("ListInstances")
  await clock.run(cluster.close())
  expect(world.ledger.count("TerminateInstances")).toBe(Math.ceil(n / 1000))
  // One complete list after the terminations were accepted.
  expect(world.ledger.count("ListInstances") - looks).toBe(1)
  expect(live(world)).toEqual([])
})

test("10,000 up and down", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const { running } = await clock.run(cluster.scale(10_000))
  expect(running).toBe(10_000)
  expect(world.ledger.count("CreateInstances")).toBe(40)
  expect(world.ledger.entries.filter((entry) => entry.outcome === "throttled")).toEqual([])
  await clock.run(cluster.close())
  expect(world.ledger.count("TerminateInstances")).toBe(10)
  expect(live(world)).toEqual([])
})

test("two runs with one seed make the same calls at the same moments", async () => {
  const run = async () => {
    const { clock, world, cluster: make } = rig({ seed: 7 })
    const cluster = make({ name: "twin" })
    await clock.run(cluster.scale(30))
    await clock.run(cluster.close())
    return world.ledger.entries.map(({ api, at, outcome }) => [api, at, outcome])
  }
  expect(await run()).toEqual(await run())
})

test("a request for each instance: their answers share passes, and the last one is heard at once", async () => {
  const { clock, world, cluster: make } = rig({ limits: { createBatch: 1 }, buckets: {} })
  const cluster = make()
  const made: number[] = []
  const passes: number[] = []
  cluster.on("launch-ended", () => void made.push(clock.now()))
  cluster.on("pass", () => void passes.push(clock.now()))
  const { running } = await clock.run(cluster.scale(300))
  expect(running).toBe(300)
  expect(world.ledger.count("CreateInstances")).toBe(300)
  const [first, last] = [Math.min(...made), Math.max(...made)]
  const between = passes.filter((at) => at >= first && at < last)
  // One for every 50 ms, and one for each look.
  const most = Math.ceil((last - first) / 50) + world.ledger.count("ListInstances")
  expect(between.length).toBeLessThanOrEqual(most)
  expect(new Set(made).size).toBeGreaterThan(3 * most)
  expect(passes).toContain(last)
  await clock.run(cluster.close())
})

test("scale(0): terminations are the next requests, in the same turn", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(1000))
  const before = world.ledger.count()
  const zero = cluster.scale(0)
  await clock.run(zero)
  expect(world.ledger.entries.slice(before).map((entry) => entry.api)).toEqual(["TerminateInstances", "ListInstances"])
  expect(await clock.run(cluster.scale(3))).toMatchObject({ running: 3 })
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("a target lowered takes away what does not run yet, then the newest", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(5))
  const first = cluster.workers.map((worker) => worker.id)
  await clock.run(cluster.scale(8))
  await clock.run(cluster.scale(5))
  expect(cluster.workers.map((worker) => worker.id)).toEqual(first)
  expect(world.ledger.count("TerminateInstances")).toBe(1)
  await clock.run(cluster.close())
})

test("groups are scaled apart and tagged apart", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make({ groups: { a: {}, b: { arch: "x86_64" } } })
  await clock.run(cluster.scale({ a: 3, b: 5 }))
  expect(cluster.group("a").workers).toHaveLength(3)
  expect(live(world).filter((instance) => instance.tags["muster-group"] === "b")).toHaveLength(5)
  await clock.run(cluster.group("b").scale(1))
  expect([cluster.group("a").desired, cluster.group("b").desired]).toEqual([3, 1])
  await expect(cluster.scale(4)).rejects.toThrow("say how many of each: { a: 4, b: 4 }")
  await expect(cluster.scale({ c: 1 })).rejects.toThrow("scale.target.c: no such group; groups: a, b")
  await clock.run(cluster.scale(0))
  expect(live(world)).toEqual([])
  await clock.run(cluster.close())
})

test("a later target supersedes the earlier call", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const first = cluster.scale(50)
  const second = cluster.scale(20)
  const [one, two] = await clock.run(Promise.all([first, second]))
  expect(one.superseded).toBe(true)
  expect(two).toMatchObject({ desired: 20, running: 20, superseded: false })
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("close during scale ends what is on the wire, too", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const scaling = cluster.scale(600)
  const closed = clock.sleep(700).then(() => cluster.close())
  const [scaled, receipt] = await clock.run(Promise.all([scaling, closed]))
  expect(scaled.superseded).toBe(true)
  expect(receipt.leaked).toEqual([])
  expect(world.ledger.count("CreateInstances")).toBeGreaterThan(0)
  expect(receipt.instances.length).toBe(world.truth({}).length)
  expect(live(world)).toEqual([])
})

test("abort stops new launches and keeps what exists or is on its way", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  const controller = new AbortController()
  const scaling = cluster.scale(600, { signal: controller.signal })
  const aborted = clock.sleep(10_000).then(() => controller.abort(new Error("enough")))
  await expect(clock.run(Promise.all([scaling, aborted]))).rejects.toThrow("enough")
  await clock.run(clock.sleep(120_000))
  expect(cluster.group("default").desired).toBe(live(world).length)
  await clock.run(cluster.close())
  await expect(cluster.scale(1)).rejects.toThrow("is closed")
  await expect(
    rig()
      .cluster()
      .scale(1, { signal: AbortSignal.abort(new Error("before")) }),
  ).rejects.toThrow("before")
})
