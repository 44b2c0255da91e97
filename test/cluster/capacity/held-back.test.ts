/** A launch call that the cloud has only put off was never sent: it waits, and goes when nobody wants it any more. */
import { describe, expect, test } from "vitest"
import { Cluster } from "../../../src/cluster.js"
import type { Provider } from "../../../src/provider.js"
import { live, rig, SMALL } from "../support.js"

const THROTTLED = { kind: "fail", error: "throttled" } as const

describe("throttled for a minute", () => {
  const begin = async () => {
    const { clock, world, cluster: make } = rig()
    world.faults.rate("CreateInstances", 1, THROTTLED)
    const cluster = make()
    const abort = new AbortController()
    const scaling = cluster.scale(100, { signal: abort.signal }).catch((error: Error) => error)
    await clock.run(clock.sleep(60_000))
    const made = async () => {
      await clock.run(clock.sleep(60_000))
      world.faults.clear()
      await clock.run(clock.sleep(120_000))
      return world.truth({}).length
    }
    return { clock, world, cluster, abort, scaling, made }
  }

  test("a lower target: only as many come as are wanted now", async () => {
    const { clock, cluster, made } = await begin()
    const lower = cluster.scale(1)
    expect(await made()).toBe(1)
    expect(await clock.run(lower)).toMatchObject({ running: 1 })
    await clock.run(cluster.close())
  })

  test("an abort: nothing comes, and the target is what there is", async () => {
    const { clock, cluster, abort, scaling, made } = await begin()
    abort.abort(new Error("enough"))
    expect(await made()).toBe(0)
    expect([await scaling, cluster.group("default").desired]).toEqual([new Error("enough"), 0])
    await clock.run(cluster.close())
  })

  test("detach: it returns, and nothing comes later", async () => {
    const { clock, cluster, made } = await begin()
    const begun = clock.now()
    await clock.run(cluster.detach())
    expect(clock.now() - begun).toBeLessThan(5_000)
    expect(await made()).toBe(0)
  })
})

test("a call does not wait for units that its own refused attempts hold", async () => {
  const creates = { kind: "concurrency" as const, max: 3 }
  const { clock, world, provider, cluster: make } = rig({ buckets: { creates } })
  expect(provider.limits.buckets.creates).toEqual(creates)
  world.faults.fail("CreateInstances", { error: "throttled", times: 8 })
  world.faults.fail("CreateInstances", { error: "transient", times: 4 })
  const cluster = make()
  expect(await clock.run(cluster.scale(4))).toMatchObject({ running: 4 })
  await clock.run(cluster.close())
})

test("an adapter that looks again after its create request: the fence between the two loses nothing", async () => {
  const buckets = { looks: { kind: "token" as const, capacity: 1, perSecond: 0.001 } }
  const { clock, world, provider } = rig({ buckets, listLagMs: 30_000, limits: { consistencyMs: 40_000 } })
  const looking: Provider = {
    ...provider,
    launch: async (call, calls) => {
      const launched = await provider.launch(call, calls)
      await calls.send("Look", { looks: 1 }, () => Promise.resolve())
      return launched
    },
  }
  const cluster = new Cluster({ provider: looking, instanceType: SMALL }, { clock, journal: false })
  await clock.run(cluster.scale(1))
  const growing = cluster.scale(6)
  await clock.run(clock.sleep(10_000))
  expect(live(world)).toHaveLength(6)
  await clock.run(cluster.close())
  expect(await clock.run(growing)).toMatchObject({ superseded: true })
  expect(live(world)).toEqual([])
})
