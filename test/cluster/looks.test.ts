/** Looks: a list is read when it may show something new. */
import { expect, test } from "vitest"
import { type Rig, rig } from "./support.js"

/** When lists were read from a moment on, in seconds after it. */
function listsSince({ world }: Rig, from: number): readonly number[] {
  return world.ledger.entries
    .filter(({ api, at }) => api === "ListInstances" && at >= from)
    .map(({ at }) => (at - from) / 1000)
}

test("boots of a type are looked for when, by those seen before, they may be over", async () => {
  const at = rig({ latency: { bootMs: 30_000, createMs: 1_000, requestMs: 100 } })
  const cluster = at.cluster()
  const begun = at.clock.now()
  await at.clock.run(cluster.scale(10))
  const firstTime = listsSince(at, begun)
  expect(firstTime[0]).toBeLessThan(4)
  expect(firstTime.length).toBeGreaterThan(5)
  const again = at.clock.now()
  await at.clock.run(cluster.scale(20))
  const secondTime = listsSince(at, again)
  // What fails meanwhile is still seen within ten seconds; from 26 s on, when a list had last shown them pending, as ever.
  expect(secondTime.length).toBeLessThanOrEqual(5)
  expect(secondTime[0]).toBeGreaterThan(9)
  expect(at.clock.now() - again).toBeLessThanOrEqual(again - begun)
  await at.clock.run(cluster.close())
})

test("an answer that shows all of them running is followed by no list before the next one of a cluster at rest", async () => {
  const at = rig({ latency: { bootMs: 0, createMs: 1_000, requestMs: 100 } })
  const cluster = at.cluster()
  const begun = at.clock.now()
  const { running } = await at.clock.run(cluster.scale(10))
  expect(running).toBe(10)
  await at.clock.run(at.clock.sleep(45_000))
  const lists = listsSince(at, begun + 1)
  expect(lists).toHaveLength(1)
  expect(lists[0]).toBeGreaterThan(29)
  await at.clock.run(cluster.close())
})
