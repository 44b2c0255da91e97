/** Ceilings that are below what there is already: on the way out, above `maximum`, or promised to other groups. */
import { expect, it } from "vitest"
import type { ClusterEvent, EventOf } from "../../src/events.js"
import type { ClusterSpec } from "../../src/spec.js"
import { live, rig } from "../cluster/support.js"

const MINUTE = 60_000

function adapted(spec: Partial<ClusterSpec> = {}) {
  const made = rig({ listLagMs: 0 })
  const cluster = made.cluster({ name: "work", ...spec } as Partial<ClusterSpec>)
  const targets: number[] = []
  cluster.on("*", (event: ClusterEvent) => {
    if (event.type === "target") targets.push(...Object.values((event as EventOf<"target">).desired))
  })
  const run = <T>(act: () => Promise<T>): Promise<T> => made.clock.run(act())
  const wait = (ms: number) => run(() => made.clock.sleep(ms))
  return { ...made, cluster, targets, run, wait }
}

it("is not below zero while more are on their way out than there may be", async () => {
  const { cluster, run, wait, world, targets } = adapted({ drain: "10m" })
  await run(() => cluster.adapt({ maximum: 5, demand: () => 5 }))
  await wait(2 * MINUTE)
  await run(() => cluster.adapt({ maximum: 5, demand: () => 0 }))
  await wait(MINUTE)
  expect(live(world)).toHaveLength(5)
  const adapting = await run(() => cluster.adapt({ minimum: 1, maximum: 2, demand: () => 0 }))
  await wait(20 * MINUTE)
  expect([adapting.target, live(world).length, Math.min(...targets)]).toEqual([1, 1, 0])
  await run(() => cluster.close())
})

it("is not below zero where other groups have, or are promised, all of maxWorkers", async () => {
  const spec = { groups: { a: {}, b: {}, c: {} }, maxWorkers: 4 } as Partial<ClusterSpec>
  const { cluster, run, wait, targets } = adapted(spec)
  await run(() => cluster.scale({ a: 4 }))
  const demand = () => 1
  const adapting = await run(() =>
    cluster.adapt({ c: { minimum: 2, maximum: 3, demand }, b: { minimum: 1, maximum: 3, demand } }),
  )
  await wait(MINUTE)
  expect([adapting.targets, Math.min(...targets)]).toEqual([{ c: 0, b: 0 }, 0])
  await run(() => cluster.scale({ a: 1 }))
  await wait(MINUTE)
  expect(adapting.targets).toEqual({ c: 2, b: 1 })
  await run(() => cluster.close())
})

it("more than maximum do not stay, whatever the demand is", async () => {
  const { cluster, run, wait, world } = adapted()
  await run(() => cluster.scale(6))
  const adapting = await run(() => cluster.adapt({ maximum: 5, demand: () => Promise.reject(new Error("no queue")) }))
  await wait(2 * MINUTE)
  expect([adapting.target, live(world).length]).toEqual([5, 5])
  const kept = await run(() => cluster.adapt({ maximum: 2, shrink: false, demand: () => 2 }))
  await wait(2 * MINUTE)
  expect([kept.target, live(world).length]).toEqual([5, 5])
  await run(() => cluster.close())
})
