/** A machine's clock that is wrong, or is set: the cloud's time goes on, and the cluster does its work. */
import { describe, expect, test } from "vitest"
import { type Clock, steady, VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { simulate, type SimulateOptions } from "../../src/simulator/index.js"
import { live, SMALL } from "./support.js"

const HOUR_MS = 3_600_000

/** A cloud with the right time, and a cluster on a machine whose clock can be set, as `systemClock` reads it. */
function apart(options: SimulateOptions = {}) {
  const clock = new VirtualClock()
  const { world, provider } = simulate({ ...options, clock })
  let offMs = 0
  const wrong: Clock = {
    now: steady(() => clock.now() + offMs),
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    timer: (ms, fn) => clock.timer(ms, fn),
    busy: (what, work) => clock.busy(what, work),
    serve: (ms, signal) => clock.serve(ms, signal),
  }
  const set = (ms: number) => {
    offMs = ms
  }
  const make = () => new Cluster({ provider, instanceType: SMALL }, { clock: wrong, journal: false })
  return { clock, world, set, make }
}

describe.each([
  ["an hour slow", -HOUR_MS],
  ["an hour fast", HOUR_MS],
])("a clock that is %s", (_title, ms) => {
  test("from the beginning: a burst comes and goes as ever", async () => {
    const { clock, world, set, make } = apart()
    set(ms)
    const cluster = make()
    expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
    expect(world.truth({})).toHaveLength(20)
    expect(await clock.run(cluster.close())).toMatchObject({ leaked: [] })
  })

  test("all of a sudden, while workers boot", async () => {
    const { clock, world, set, make } = apart()
    const cluster = make()
    const scaling = cluster.scale(20)
    await clock.run(clock.sleep(10_000))
    set(ms)
    expect(await clock.run(scaling)).toMatchObject({ running: 20 })
    expect(world.truth({}).length).toBeLessThanOrEqual(20)
    expect(await clock.run(cluster.close())).toMatchObject({ leaked: [] })
  })

  test("all of a sudden, at rest: what vanishes is replaced, and zero is confirmed", async () => {
    // Google's and Azure's instances are gone when lists show them no more.
    const { clock, world, set, make } = apart({ terminatedVisibleMs: 0, billsUntilGone: true })
    const cluster = make()
    await clock.run(cluster.scale(20))
    set(ms)
    world.terminate(
      live(world)
        .slice(0, 5)
        .map(({ id }) => id),
    )
    await clock.run(clock.sleep(180_000))
    expect(cluster.workers.filter(({ state }) => state === "running")).toHaveLength(20)
    const begun = clock.now()
    expect(await clock.run(cluster.close())).toMatchObject({ leaked: [] })
    expect(clock.now() - begun).toBeLessThan(120_000)
    expect(live(world)).toEqual([])
  })

  test("all of a sudden, with empty buckets: they fill again", async () => {
    const buckets = { writes: { kind: "token" as const, capacity: 2, perSecond: 1 } }
    const { clock, set, make } = apart({ buckets, names: true })
    const cluster = make()
    const scaling = cluster.scale(30)
    await clock.run(clock.sleep(5_000))
    set(ms)
    const begun = clock.now()
    expect(await clock.run(scaling)).toMatchObject({ running: 30 })
    expect(clock.now() - begun).toBeLessThan(180_000)
    await clock.run(cluster.close())
  })
})
