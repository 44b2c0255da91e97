/** Every wait has a deadline and can be ended: also those before a target is set, and those after zero is confirmed. */
import { describe, expect, test } from "vitest"
import type { VirtualClock } from "../../../src/calls/clock.js"
import { Cluster } from "../../../src/cluster.js"
import { LeakError, OwnershipError, TimeoutError } from "../../../src/errors.js"
import type { ClusterEvent } from "../../../src/events.js"
import { live, rig, SMALL } from "../support.js"

const MINUTE_MS = 60_000

/** What came of it, and after how many milliseconds. */
async function timed(clock: VirtualClock, work: Promise<unknown>): Promise<{ thrown: Error; ms: number }> {
  const begun = clock.now()
  const thrown = await clock.run(
    work.then(
      () => new Error("nothing"),
      (error: Error) => error,
    ),
  )
  return { thrown, ms: clock.now() - begun }
}

const THROTTLED = { kind: "fail", error: "throttled" } as const

describe("while the cloud throttles what must be known first", () => {
  test("scale keeps its timeout to the millisecond, and hears its signal", async () => {
    const { clock, world, cluster: make } = rig()
    world.faults.rate("ListInstances", 1, THROTTLED)
    const cluster = make({ name: "render" })
    const late = await timed(clock, cluster.scale(4, { timeout: "1m" }))
    expect(late).toMatchObject({
      thrown: { message: /scaling "render": after 60 s it is not known yet/ },
      ms: MINUTE_MS,
    })
    expect(late.thrown).toBeInstanceOf(TimeoutError)
    const abort = new AbortController()
    clock.timer(30_000, () => abort.abort(new Error("enough")))
    expect(await timed(clock, cluster.scale(4, { signal: abort.signal }))).toMatchObject({
      thrown: { message: "enough" },
      ms: 30_000,
    })
    world.faults.clear()
    expect(await clock.run(cluster.scale(2))).toMatchObject({ running: 2 })
    expect(live(world)).toHaveLength(2)
    await clock.run(cluster.close())
  })

  test("plan and attach give up after ten minutes, and the next call tries again", async () => {
    const { clock, world, provider, cluster: make } = rig()
    world.faults.rate("ListInstances", 1, THROTTLED)
    const cluster = make({ name: "render" })
    expect(await timed(clock, cluster.plan(4))).toMatchObject({ thrown: { name: "TimeoutError" }, ms: 10 * MINUTE_MS })
    const attaching = Cluster.attach("render", { provider, instanceType: SMALL }, { clock, journal: false })
    expect(await timed(clock, attaching)).toMatchObject({ thrown: { name: "TimeoutError" }, ms: 10 * MINUTE_MS })
    world.faults.clear()
    expect((await clock.run(cluster.plan(4))).groups[0]?.calls).toHaveLength(1)
    await clock.run(cluster.close())
  })

  test("a claim: the timeout is of the whole call", async () => {
    const { clock, world, provider, cluster: make } = rig()
    const owner = make({ name: "render" })
    await clock.run(owner.scale(3))
    await clock.run(owner.detach())
    const cluster = await clock.run(
      Cluster.attach("render", { provider, instanceType: SMALL }, { clock, journal: false }),
    )
    await clock.run(clock.sleep(MINUTE_MS))
    world.faults.rate("ListInstances", 1, THROTTLED)
    expect(await timed(clock, cluster.scale(5, { timeout: "1m" }))).toMatchObject({
      thrown: { message: /after 60 s it could not be taken over/ },
      ms: MINUTE_MS,
    })
    world.faults.clear()
    expect(await clock.run(cluster.scale(5))).toMatchObject({ running: 5 })
    await clock.run(cluster.close())
    expect(live(world)).toEqual([])
  })

  test("prices that a budget needs", async () => {
    const { clock, world, cluster: make } = rig()
    world.faults.rate("ListOffers", 1, THROTTLED)
    const cluster = make({ budget: { perHour: 100 } })
    expect(await timed(clock, cluster.scale(4, { timeout: "1m" }))).toMatchObject({
      thrown: { message: /after 60 s it is not known what it would cost/ },
      ms: MINUTE_MS,
    })
    const abort = new AbortController()
    clock.timer(30_000, () => abort.abort(new Error("enough")))
    expect(await timed(clock, cluster.scale(4, { signal: abort.signal }))).toMatchObject({ ms: 30_000 })
    world.faults.clear()
    await clock.run(clock.sleep(10 * MINUTE_MS))
    expect([world.truth({}), cluster.group("default").desired]).toEqual([[], 0])
    await clock.run(cluster.close())
  })
})

describe("close keeps its timeout", () => {
  test("while left-overs cannot be read: everything else is gone, and they are named", async () => {
    const { clock, world, cluster: make } = rig()
    const cluster = make()
    await clock.run(cluster.scale(4))
    world.faults.rate("ListResources", 1, THROTTLED)
    const { thrown, ms } = await timed(clock, cluster.close({ timeout: "2m" }))
    expect(thrown).toBeInstanceOf(LeakError)
    expect(thrown.message).toContain("left-overs of simulated sim-1: not removed in time")
    expect([ms, live(world)]).toEqual([2 * MINUTE_MS, []])
  })

  test("while it cannot be taken over: what is known goes at once, and what may be there is said", async () => {
    const { clock, world, provider, cluster: make } = rig()
    const owner = make({ name: "render" })
    await clock.run(owner.scale(4))
    await clock.run(owner.detach())
    const cluster = await clock.run(Cluster.attach("render", { provider }, { clock, journal: false }))
    await clock.run(clock.sleep(MINUTE_MS))
    world.faults.rate("ListInstances", 1, THROTTLED)
    const closing = cluster.close({ timeout: "2m" })
    await clock.run(clock.sleep(1_000))
    expect(live(world)).toEqual([])
    const { thrown, ms } = await timed(clock, closing)
    expect(thrown.message).toContain("what another process may have launched meanwhile")
    expect(ms).toBe(2 * MINUTE_MS - 1_000)
  })

  test("while it is not open yet: nothing was made, and nothing is waited for any longer", async () => {
    const { clock, world, cluster: make } = rig()
    world.faults.rate("ListInstances", 1, THROTTLED)
    const cluster = make({ name: "render" })
    const asked = cluster.scale(4).catch((error: Error) => error)
    const begun = clock.now()
    expect(await clock.run(cluster.close({ timeout: "1m" }))).toMatchObject({ instances: [], leaked: [] })
    expect(clock.now() - begun).toBe(MINUTE_MS)
    expect(await clock.run(asked)).toMatchObject({ message: /is closed/ })
    await clock.run(clock.sleep(10 * MINUTE_MS))
    expect(world.truth({})).toEqual([])
  })

  test("and does not wait for it when the cluster is another's meanwhile", async () => {
    const { clock, world, provider, cluster: make } = rig()
    const first = make({ name: "render" })
    await clock.run(first.scale(2))
    world.faults.rate("TerminateInstances", 1, { kind: "fail", error: "rejected", message: "protected" })
    const closing = first.close().catch((error: Error) => error)
    await clock.run(clock.sleep(10_000))
    const options = { clock, journal: false as const }
    const second = await clock.run(Cluster.attach("render", { provider, instanceType: SMALL, takeOver: true }, options))
    const scaling = second.scale(4)
    const begun = clock.now()
    expect(await clock.run(closing)).toBeInstanceOf(OwnershipError)
    expect(clock.now() - begun).toBeLessThan(30_000)
    world.faults.clear()
    await clock.run(scaling)
    await clock.run(second.close())
    expect(live(world)).toEqual([])
  })
})

test("closing again waits no longer than it is told to, and the first one goes on", async () => {
  const at = rig()
  const cluster = at.cluster()
  await at.clock.run(cluster.scale(2))
  at.world.faults.rate("ListInstances", 1, { kind: "fail", error: "throttled", code: "RateLimit", retryAfterMs: 1_000 })
  const first = cluster.close()
  const begun = at.clock.now()
  await expect(at.clock.run(cluster.close({ timeout: "5s" }))).rejects.toThrow(/after 5 s what was closed before/)
  expect(at.clock.now() - begun).toBe(5_000)
  at.world.faults.clear()
  const receipt = await at.clock.run(first)
  expect(receipt.instances).toHaveLength(2)
  expect(await at.clock.run(cluster.close())).toBe(receipt)
})

test("close does not wait behind what another cluster of the account launches, to its last left-over", async () => {
  const buckets = { writes: { kind: "token" as const, capacity: 20, perSecond: 5 } }
  const { clock, world, cluster: make } = rig({ names: true, buckets, latency: { bootMs: 5_000 } })
  const [large, small] = [make({ name: "large" }), make({ name: "small" })]
  await clock.run(small.scale(10))
  const growing = large.scale(300, { timeout: "30m" })
  await clock.run(clock.sleep(10_000))
  const begun = clock.now()
  await clock.run(small.close())
  expect(clock.now() - begun).toBeLessThan(10_000)
  expect(world.resources.list().filter(({ tags }) => tags["muster-cluster"] === "small")).toEqual([])
  await clock.run(large.close())
  expect(await clock.run(growing)).toMatchObject({ superseded: true })
})

describe("what is not open yet", () => {
  test("disposing of what is being connected to leaves it alone", async () => {
    const { clock, world, cluster: make } = rig()
    const first = make({ name: "render" })
    await clock.run(first.scale(3))
    await clock.run(first.detach())
    const second = make({ name: "render", existing: "connect" })
    const scaling = second.scale(4).catch((error: Error) => error)
    await clock.run(second[Symbol.asyncDispose]())
    expect(await clock.run(scaling)).toMatchObject({ message: /is detached/ })
    expect(live(world)).toHaveLength(3)
    await clock.run(make({ name: "render", existing: "connect" })[Symbol.asyncDispose]())
    expect(live(world)).toHaveLength(3)
  })

  test("close of what was never opened: nothing where it would be new, everything where it may live", async () => {
    const { clock, world, cluster: make } = rig()
    const first = make({ name: "render" })
    await clock.run(first.scale(3))
    await clock.run(first.detach())
    expect((await clock.run(make({ name: "render" }).close())).instances).toEqual([])
    expect(live(world)).toHaveLength(3)
    const second = make({ name: "render", existing: "connect" })
    world.faults.fail("ListInstances", { error: "auth", message: "who are you" })
    await expect(clock.run(second.close())).rejects.toThrow("who are you")
    expect((await clock.run(second.close())).instances).toHaveLength(3)
    expect(live(world)).toEqual([])
  })

  test("its readers of events end with it", async () => {
    const { clock, cluster: make } = rig()
    const cluster = make()
    const events = cluster.events()
    await clock.run(cluster.close())
    expect(await clock.run(events.next())).toMatchObject({ done: true })
  })
})

test("nothing is told after closed, whatever is still on its way", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(4))
  const seen: ClusterEvent[] = []
  cluster.on("*", (event) => seen.push(event))
  world.faults.answerLate("TerminateInstances", 45_000)
  await clock.run(cluster.close())
  await clock.run(clock.sleep(2 * MINUTE_MS))
  expect(seen.at(-1)).toMatchObject({ type: "closed", instances: 4, leaked: 0 })
})

test("terminations that are refused, and lists that fail: the errors and explain say why", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(2))
  world.faults.rate("TerminateInstances", 1, { kind: "fail", error: "auth", message: "you may not terminate" })
  const zero = await timed(clock, cluster.scale(0))
  expect(zero.thrown.message).toMatch(/2 instances not yet confirmed gone \(2 refused to go: .*you may not terminate\)/)
  expect(String(cluster.explain())).toMatch(/terminating 2 instances \(2 refused to go: .*you may not terminate\)/)
  world.faults.clear()
  world.faults.rate("ListInstances", 1, { kind: "fail", error: "transient", message: "try later" })
  await clock.run(clock.sleep(MINUTE_MS))
  expect(String(cluster.explain())).toMatch(/looking at it failed: .*try later; again/)
  const { thrown } = await timed(clock, cluster.close({ timeout: "1m" }))
  expect(thrown.message).toMatch(/a complete list of .* \(the last one failed: .*try later\)/)
  expect(live(world)).toEqual([])
})
