/** Drain: for how long a worker may go on when it is our choice that it ends. */
import { expect, it } from "vitest"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "./support.js"

const MINUTE = 60_000

function drained(spec: Partial<ClusterSpec> = {}) {
  const made = rig({ listLagMs: 0 })
  const cluster = made.cluster({ name: "work", drain: "10m", ...spec } as Partial<ClusterSpec>)
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => void events.push(event))
  const leaving = () =>
    events.filter((event): event is EventOf<"worker"> => event.type === "worker" && event.to === "terminating")
  const asked = () => events.filter(({ type }) => type === "termination-started")
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  return { ...made, cluster, leaving, asked, run }
}

it("lets those that are too many go on for so long, and does not count them meanwhile", async () => {
  const { run, clock, cluster, world, leaving, asked } = drained()
  await run(() => cluster.scale(5))
  const result = await run(() => cluster.scale(3))
  expect(result).toMatchObject({ desired: 3, running: 3 })
  expect(leaving()).toHaveLength(2)
  expect(asked()).toHaveLength(0)
  expect(cluster.workers.filter(({ state }) => state === "terminating")).toHaveLength(2)
  await run(() => clock.sleep(9 * MINUTE))
  expect(live(world)).toHaveLength(5)
  await run(() => clock.sleep(2 * MINUTE))
  expect(live(world)).toHaveLength(3)
  const [first] = asked()
  expect((first?.at ?? 0) - (leaving()[0]?.at ?? 0)).toBe(10 * MINUTE)
  // None was launched in their place.
  expect(world.truth({})).toHaveLength(5)
  await run(() => cluster.close())
})

it("looks no more often meanwhile than at a cluster where nothing happens", async () => {
  const looks = async (target: number) => {
    const { run, clock, cluster, world } = drained({ drain: "1h" })
    await run(() => cluster.scale(5))
    await run(() => cluster.scale(target))
    await run(() => clock.sleep(5 * MINUTE))
    const before = world.ledger.entries.length
    await run(() => clock.sleep(30 * MINUTE))
    const between = world.ledger.entries.length - before
    await run(() => cluster.close())
    return between
  }
  expect(await looks(3)).toBe(await looks(5))
})

it("does not hold up scale(0), close, nor what does not run yet", async () => {
  for (const end of ["zero", "close"] as const) {
    const { run, cluster, world, asked, leaving } = drained()
    await run(() => cluster.scale(4))
    // Two drain already when all is to end.
    await run(() => cluster.scale(2))
    await run<unknown>(() => (end === "zero" ? cluster.scale(0) : cluster.close()))
    expect(live(world)).toEqual([])
    expect((asked()[0]?.at ?? 0) - (leaving()[0]?.at ?? 0)).toBeLessThan(MINUTE)
    if (end === "zero") await run(() => cluster.close())
  }
})

it("holds for scale(0) and close where they are given one, which none of their time is lost for", async () => {
  for (const end of ["zero", "close"] as const) {
    const { run, cluster, world, asked, leaving } = drained({ drain: "0s" })
    await run(() => cluster.scale(4))
    await run<unknown>(() => (end === "zero" ? cluster.scale(0, { drain: "40m" }) : cluster.close({ drain: "40m" })))
    expect(live(world)).toEqual([])
    expect((asked()[0]?.at ?? 0) - (leaving()[0]?.at ?? 0)).toBe(40 * MINUTE)
    expect(asked()).toHaveLength(1)
    if (end === "zero") await run(() => cluster.close())
  }
})

it("of a target takes the place of the group's", async () => {
  const { run, cluster, asked, leaving } = drained()
  await run(() => cluster.scale(4))
  await run(() => cluster.scale(3, { drain: "0s" }))
  expect(asked()[0]?.at).toBe(leaving()[0]?.at)
  await run(() => cluster.close())
})

it("keeps its time when all is to end later with a time of its own", async () => {
  const { run, cluster, asked, leaving } = drained()
  await run(() => cluster.scale(3))
  await run(() => cluster.scale(2))
  await run(() => cluster.scale(0, { drain: "30m" }))
  const at = leaving()[0]?.at ?? 0
  expect(asked().map((event) => Math.round((event.at - at) / MINUTE))).toEqual([10, 30])
  await run(() => cluster.close())
})

it("goes before a spot worker takes the place of one on demand", async () => {
  const { run, clock, cluster, world, leaving, asked } = drained({ market: "spot-with-fallback", returnToSpot: "5m" })
  world.setCapacity({ market: "spot" }, 0)
  await run(() => cluster.scale(2))
  world.setCapacity({ market: "spot" }, 1000)
  await run(() => clock.sleep(90 * MINUTE))
  expect(live(world).map(({ market }) => market)).toEqual(["spot", "spot"])
  expect(leaving()).toHaveLength(2)
  const waited = asked().map((event, index) => event.at - (leaving()[index]?.at ?? 0))
  expect(waited.map((ms) => Math.round(ms / MINUTE))).toEqual([10, 10])
  await run(() => cluster.close())
})

it("ends with the deadline, whatever time is left", async () => {
  const { run, clock, cluster, world, asked, leaving } = drained({ drain: "2h", maxLifetime: "1h" })
  const begunAt = clock.now()
  await run(() => cluster.scale(2))
  await run(() => cluster.scale(1))
  await run(() => clock.sleep(61 * MINUTE))
  expect(live(world)).toEqual([])
  // It is asked for, not left to the cloud alone.
  const first = asked().find((event) => "ids" in event && event.ids.includes(leaving()[0]?.id ?? ""))
  expect(Math.round(((first?.at ?? 0) - begunAt) / MINUTE)).toBe(60)
  await run(() => cluster.close())
})

it("is over when the process lets go of the cluster: nobody else knows of it", async () => {
  const { run, cluster, world } = drained()
  await run(() => cluster.scale(3))
  await run(() => cluster.scale(1))
  await run(() => cluster.detach())
  await run(() => Promise.resolve())
  expect(world.truth({}).filter(({ state }) => state === "running")).toHaveLength(1)
})

it("is nothing without the option", async () => {
  const { run, cluster, asked, leaving } = drained({ drain: "0s" })
  await run(() => cluster.scale(3))
  await run(() => cluster.scale(1))
  expect(asked()).toHaveLength(1)
  expect(asked()[0]?.at).toBe(leaving()[0]?.at)
  await run(() => cluster.close())
})
