/** A machine's clock that is wrong, or is set: the cloud's time goes on, and the cluster does its work. */
import { describe, expect, test } from "vitest"
import { type Clock, VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import { simulate, type SimulateOptions, worldProvider } from "../../src/simulator/index.js"
import { TAG } from "../../src/fleet/tags.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, SMALL } from "./support.js"

const HOUR_MS = 3_600_000

/** A cloud with the right time, and a cluster on a machine whose clock can be set, as `systemClock` reads it. */
function apart({ tellsTime = true, ...options }: SimulateOptions & { readonly tellsTime?: boolean } = {}) {
  const clock = new VirtualClock()
  const { world, provider: telling } = simulate({ ...options, clock })
  const provider = tellsTime ? telling : worldProvider(world, { tellsTime })
  let offMs = 0
  const wrong: Clock = {
    now: () => clock.now(),
    wall: () => clock.now() + offMs,
    random: () => clock.random(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    timer: (ms, fn) => clock.timer(ms, fn),
    busy: (what, work) => clock.busy(what, work),
    serve: (ms, signal) => clock.serve(ms, signal),
  }
  const set = (ms: number) => {
    offMs = ms
  }
  const spec = { provider, instanceType: SMALL }
  const make = (more: Partial<ClusterSpec> = {}) =>
    new Cluster({ ...spec, ...more } as ClusterSpec, { clock: wrong, journal: false })
  return { clock, wrong, provider, world, set, make }
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

/** The tags' deadlines, in hours of true time from now. */
function hoursLeft({ world, clock }: Pick<ReturnType<typeof apart>, "world" | "clock">): readonly number[] {
  return live(world).map(({ tags }) => (Number(tags[TAG.deadline]) * 1000 - clock.now()) / HOUR_MS)
}

describe.each([
  ["that tells its time", true],
  ["that does not", false],
])("a lifetime, at a cloud %s", (_title, tellsTime) => {
  test.each([-30, -13, 13, 30])("a clock that is set by %d hours and put right ends nothing", async (hours) => {
    const { clock, world, set, make } = apart({ tellsTime })
    const cluster = make()
    await clock.run(cluster.scale(20))
    await clock.run(clock.sleep(60_000))
    set(hours * HOUR_MS)
    await clock.run(clock.sleep(60_000))
    expect(live(world)).toHaveLength(20)
    set(0)
    await clock.run(clock.sleep(120_000))
    expect(live(world)).toHaveLength(20)
    expect(await clock.run(cluster.scale(20))).toMatchObject({ running: 20 })
    await clock.run(cluster.close())
  })

  test.each([-30, 30])("a clock that is set by %d hours for good does not move its end", async (hours) => {
    const { clock, world, set, make } = apart({ tellsTime })
    const begun = clock.now()
    const cluster = make({ maxLifetime: "2h" })
    await clock.run(cluster.scale(20))
    set(hours * HOUR_MS)
    await clock.run(clock.sleep(begun + 2 * HOUR_MS - clock.now() - 60_000))
    expect(live(world)).toHaveLength(20)
    await clock.run(clock.sleep(120_000))
    expect(live(world)).toEqual([])
    await clock.run(cluster.close())
  })

  test("what is launched after the clock was put right says when the cluster truly ends", async () => {
    const { clock, world, set, make } = apart({ tellsTime })
    set(24 * HOUR_MS)
    const cluster = make({ maxLifetime: "12h" })
    // Nothing is asked of the cloud yet.
    await clock.run(clock.sleep(1_000))
    set(0)
    await clock.run(clock.sleep(60_000))
    await clock.run(cluster.scale(3))
    for (const hours of hoursLeft({ world, clock })) expect(hours).toBeCloseTo(12, 1)
    await clock.run(cluster.close())
  })
})

describe("another machine, whose clock is a day ahead, and a cloud that tells its time", () => {
  test("launches with the right deadline", async () => {
    const { clock, world, set, make } = apart()
    set(24 * HOUR_MS)
    const cluster = make({ maxLifetime: "12h" })
    await clock.run(cluster.scale(3))
    for (const hours of hoursLeft({ world, clock })) expect(hours).toBeCloseTo(12, 1)
    await clock.run(cluster.close())
  })

  test("sweeps nothing that is not over, and lists it with its own end", async () => {
    const { clock, wrong, provider, world, set, make } = apart()
    const cluster = make({ maxLifetime: "12h" })
    await clock.run(cluster.scale(3))
    // A process of its own: another clock.
    const other: Clock = { ...wrong, wall: () => clock.now() + 24 * HOUR_MS }
    expect(await clock.run(Cluster.sweep({ provider }, { clock: other, journal: false }))).toEqual([])
    expect(live(world)).toHaveLength(3)
    set(0)
    await clock.run(cluster.close())
  })

  test("attaches and ends nothing", async () => {
    const { clock, wrong, provider, world, make } = apart()
    const cluster = make({ name: "ours", maxLifetime: "12h" })
    await clock.run(cluster.scale(3))
    const other: Clock = { ...wrong, wall: () => clock.now() + 24 * HOUR_MS }
    const attached = await clock.run(
      Cluster.attach("ours", { provider, instanceType: SMALL }, { clock: other, journal: false }),
    )
    expect(await clock.run(attached.scale(5))).toMatchObject({ running: 5 })
    await clock.run(clock.sleep(120_000))
    expect(live(world)).toHaveLength(5)
    for (const hours of hoursLeft({ world, clock })) expect(hours).toBeCloseTo(11.9, 1)
    await clock.run(attached.close())
  })
})

test("budget.until is a moment of the day: a clock that is set and put right does not bring it", async () => {
  const { clock, world, set, make } = apart({ tellsTime: false })
  const until = new Date(clock.now() + 2 * HOUR_MS)
  const cluster = make({ budget: { until } })
  await clock.run(cluster.scale(5))
  set(13 * HOUR_MS)
  await clock.run(clock.sleep(HOUR_MS))
  expect(live(world)).toHaveLength(5)
  set(0)
  await clock.run(clock.sleep(HOUR_MS))
  expect(live(world)).toEqual([])
  await clock.run(cluster.close())
})

test("events carry the time that the machine's clock shows", async () => {
  const { clock, set, make } = apart()
  const cluster = make()
  const ats: number[] = []
  cluster.on("target", ({ at }) => ats.push(at - clock.now()))
  await clock.run(cluster.scale(1))
  set(-HOUR_MS)
  await clock.run(cluster.scale(2))
  expect(ats).toEqual([0, -HOUR_MS])
  await clock.run(cluster.close())
})
