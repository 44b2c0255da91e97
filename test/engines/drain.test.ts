/** Drains: members let go of what they hold before an end of our own choosing, and within every notice. */
import { expect, test } from "vitest"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { ClusterFields } from "../../src/spec.js"
import { live, rig } from "../cluster/support.js"
import { EngineDouble } from "./support/double.js"

async function stage(count: number, fields: Partial<ClusterFields> = {}, options: Parameters<typeof rig>[0] = {}) {
  const made = rig(options)
  const double = new EngineDouble(made)
  const cluster = made.cluster({ engine: double.engine, ...fields } as Parameters<typeof made.cluster>[0])
  const events: ClusterEvent[] = []
  cluster.on("*", (event) => events.push(event))
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  await run(() => cluster.scale(count))
  const workers = () => live(made.world).filter(({ tags }) => tags["muster-group"] === "default")
  const drained = () => events.filter((event): event is EventOf<"drained"> => event.type === "drained")
  const endAt = (name: string) => {
    const worker = cluster.workers.find((one) => one.name === name)
    const ended = events.find((event) => event.type === "termination-started" && event.ids.includes(worker?.id ?? name))
    return ended?.at
  }
  const after = (ms: number) => run(() => made.clock.sleep(ms))
  return { ...made, double, cluster, events, run, workers, drained, endAt, after }
}

test("scale-down takes idle members and those that hold least, and each ends as soon as it has let go", async () => {
  const { cluster, double, run, drained, after, workers, clock } = await stage(4)
  const names = cluster.workers.filter(({ group }) => group === "default").map(({ name }) => name)
  const [dear = "", cheap = "", small = ""] = names
  double.busy.set(dear, 9_000)
  double.busy.set(cheap, 5_000)
  double.busy.set(small, 10)
  const begun = clock.now()
  await run(() => cluster.scale(1))
  await after(60_000)
  expect(drained().map(({ name, hasLeft }) => [name, hasLeft])).toEqual(
    expect.arrayContaining([
      [names[3], true],
      [small, true],
      [cheap, true],
    ]),
  )
  expect(drained().map(({ name }) => name)).not.toContain(dear)
  for (const { afterMs } of drained()) expect(afterMs).toBeLessThan(8_000)
  expect(workers()).toHaveLength(1)
  expect(clock.now() - begun).toBeLessThan(90_000)
  await run(() => cluster.close())
})

test("a drain that hangs ends at its deadline", async () => {
  const { cluster, double, run, drained, after, workers, endAt, clock } = await stage(2, { drain: "20s" })
  double.trouble("silent", 25_000)
  const begun = clock.now()
  await run(() => cluster.scale(1))
  await after(19_000)
  expect(drained()).toEqual([])
  await after(5_000)
  const [end] = drained()
  expect(end).toMatchObject({ hasLeft: false, message: "its time was over" })
  expect((end?.at ?? 0) - begun).toBeLessThanOrEqual(22_000)
  expect(endAt(end?.id ?? "")).toBeGreaterThan(begun)
  await after(60_000)
  expect(workers()).toHaveLength(1)
  await run(() => cluster.close())
})

test("scale(0) and close wait for nothing, unless they are told to; the head goes last", async () => {
  const { cluster, double, run, drained, groups, events, clock } = await withGroups(3)
  for (const { name } of cluster.workers) double.busy.set(name, 1)
  const begun = clock.now()
  await run(() => cluster.scale(0, { drain: "2m" }))
  expect(drained()).toHaveLength(3)
  expect(groups()).toEqual(["head"])
  await run(() => cluster.scale(2))
  for (const { name } of cluster.workers) double.busy.set(name, 1)
  const from = events.length
  const known = new Map(cluster.workers.map(({ id, group }) => [id, group]))
  const groupOf = (id: string) => known.get(id) ?? ""
  await run(() => cluster.close({ drain: "2m" }))
  const [headEnd, ...others] = [...ends(events.slice(from), groupOf)].reverse()
  expect(headEnd).toEqual("head")
  expect(others).toEqual(["default", "default"])
  expect(drained()).toHaveLength(5)
  expect(groups()).toEqual([])
  // With all launches and ends: not even one drain took the two minutes that it had.
  expect(clock.now() - begun).toBeLessThan(120_000)
})

async function withGroups(count: number) {
  const made = await stage(count)
  const groups = () => live(made.world).map(({ tags }) => tags["muster-group"])
  return { ...made, groups }
}

/** Groups of those whose ends were asked for, in their order. */
function ends(events: readonly ClusterEvent[], groupOf: (id: string) => string): readonly string[] {
  return events.flatMap((event) => (event.type === "termination-started" ? event.ids.map(groupOf) : []))
}

test("within a notice members let go of what they hold, while the next one comes", async () => {
  const { cluster, double, run, drained, after, world, workers } = await stage(2, { market: "spot" })
  const [worker] = workers()
  const name = cluster.workers.find(({ id }) => id === worker?.id)?.name ?? ""
  double.busy.set(name, 7)
  world.faults.interrupt([worker?.id ?? ""])
  await after(60_000)
  expect(drained()).toEqual([expect.objectContaining({ name, hasLeft: true })])
  await after(120_000)
  expect(cluster.workers.filter(({ group, ready }) => group === "default" && ready)).toHaveLength(2)
  await run(() => cluster.close())
})
