/** Many workers with checks in virtual time: storms, checks that never pass, and what fails for all. */
import { expect, test } from "vitest"
import type { Cluster } from "../../../src/cluster.js"
import { ShortfallError } from "../../../src/errors.js"
import type { ClusterSpec } from "../../../src/spec.js"
import { rig } from "../support.js"
import { isLong } from "../../support/long.js"

const READY = { command: "check", timeout: "5m" } as const
const SPEC: Partial<ClusterSpec> = { startup: "work", market: "spot" }
/** A console is read so often; and from what a guest was told until it is known one more pass. In milliseconds. */
const LOOK_MS = 12_000
const READY_MS = 20_000

const readyOf = ({ workers }: Cluster) => workers.filter(({ ready }) => ready).length

/** How long after a storm of 30 % all that are wanted are ready again, in milliseconds. */
async function afterStorm(ready: boolean): Promise<number> {
  const { clock, cluster: make, world } = rig({ seed: 7, latency: { readyMs: READY_MS, bootMs: 30_000 } })
  const cluster = make({ ...SPEC, ...(ready ? { ready: READY } : {}) })
  await clock.run(cluster.scale(200))
  const begun = clock.now()
  world.faults.storm({ share: 0.3, withinMs: 60_000 })
  let [fell, back] = [false, 0]
  while (back === 0 || clock.now() - begun < 120_000) {
    await clock.run(clock.sleep(1_000))
    const now = readyOf(cluster)
    if (now < 200) [fell, back] = [true, 0]
    else if (back === 0) back = clock.now() - begun
    if (clock.now() - begun > 1_800_000) break
  }
  expect([fell, back > 0]).toEqual([true, true])
  await clock.run(cluster.close())
  return back
}

test("after a storm of 30 % all are ready again as fast as without checks plus a look and the check itself", async () => {
  const [without, withChecks] = [await afterStorm(false), await afterStorm(true)]
  expect(withChecks - without).toBeGreaterThan(0)
  expect(withChecks - without).toBeLessThanOrEqual(READY_MS + 2 * LOOK_MS)
})

test("where 10 % never pass, all that were asked for are ready in the end, and the failed ones have gone", async () => {
  const { clock, cluster: make, world } = rig({ seed: 3 })
  world.faults.rateChecks(0.1, {}, { exitCode: 7, tail: "no licence" })
  const cluster = make({ startup: "work", ready: READY })
  expect(await clock.run(cluster.scale(100))).toMatchObject({ desired: 100, running: 100, ready: 100 })
  const { failures } = cluster.explain().groups[0] ?? { failures: [] }
  expect(failures[0]).toMatchObject({ reason: "startup", code: "ready-7" })
  expect(failures[0]?.message).toContain("no licence")
  const { instances } = await clock.run(cluster.close())
  expect(instances.length).toBeGreaterThan(103)
  expect(instances.length).toBeLessThan(125)
  const failed = instances.filter(({ failedCheck }) => failedCheck !== undefined)
  expect(failed).toHaveLength(instances.length - 100)
  expect(failed[0]).toMatchObject({ failedCheck: { what: "ready", exitCode: 7 } })
  expect(failed[0]).not.toHaveProperty("readyAfterMs")
  const times = instances.flatMap(({ readyAfterMs }) => readyAfterMs ?? [])
  expect(times).toHaveLength(100)
  expect(Math.min(...times)).toBeGreaterThanOrEqual(5_000)
})

test.runIf(isLong)("what fails for all ends no more than the breaker allows, and says why", async () => {
  const { clock, cluster: make, world } = rig()
  world.faults.rateChecks(1, {}, { exitCode: 7, tail: "no licence" })
  const cluster = make({ startup: "work", ready: READY })
  const error: unknown = await clock.run(cluster.scale(100).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(ShortfallError)
  expect(error).toMatchObject({ desired: 100, ready: 0 })
  expect((error as Error).message).toMatch(/ready-7.*no licence/s)
  const running = cluster.workers.filter(({ state }) => state === "running").length
  expect(running).toBeGreaterThanOrEqual(40)
  await clock.run(clock.sleep(3_600_000))
  expect(cluster.workers.filter(({ state }) => state === "running")).toHaveLength(running)
  await clock.run(cluster.close())
})

test("who became ready while the cloud could not be looked at is not ended for its silence", async () => {
  const { clock, cluster: make, world } = rig({ latency: { readyMs: 60_000, bootMs: 30_000 } })
  const cluster = make({ startup: "work", ready: READY })
  const scaling = cluster.scale(20, { timeout: "2h" })
  await clock.run(clock.sleep(50_000))
  const names = cluster.workers.map(({ name, state }) => `${name} ${state}`)
  expect([names.length, readyOf(cluster)]).toEqual([20, 0])
  world.faults.rate("*", 1, { kind: "fail", error: "transient", message: "down" })
  await clock.run(clock.sleep(1_800_000))
  world.faults.clear()
  expect(await clock.run(scaling)).toMatchObject({ ready: 20 })
  expect(cluster.workers.map(({ name, state }) => `${name} ${state}`)).toEqual(names)
  await clock.run(cluster.close())
})

test("minimum counts those that are ready; without a time of its own scale waits for the longest check", async () => {
  const { clock, cluster: make, world } = rig()
  world.faults.failChecks(4)
  const cluster = make({ startup: "work", ready: { command: "check", timeout: "1h" } })
  const begun = clock.now()
  const few = await clock.run(cluster.scale(10, { minimum: 6, timeout: "10m" }))
  expect(few).toMatchObject({
    running: 10,
    ready: 6,
    shortfall: { count: 4, reasons: [{ code: "NotReady", count: 4 }] },
  })
  expect(clock.now() - begun).toBeGreaterThanOrEqual(600_000)
  const short: unknown = await clock.run(
    cluster.scale(10, { minimum: 7, timeout: "10m" }).catch((thrown: unknown) => thrown),
  )
  expect(short).toMatchObject({ name: "ShortfallError", running: 10, ready: 6 })
  expect((short as Error).message).toContain("10 run, of which 6 are ready, 4 are missing")
  expect(await clock.run(cluster.scale(10))).toMatchObject({ ready: 10 })
  expect(await clock.run(cluster.scale(8, { ifShort: "keep" }))).toMatchObject({ ready: 8 })
  await clock.run(cluster.close())
})

test("a pass at rest asks no console, and without checks none is ever read", async () => {
  const { clock, cluster: make, world } = rig()
  const plain = make({ startup: "work" })
  await clock.run(plain.scale(5))
  await clock.run(clock.sleep(600_000))
  const read = () => world.ledger.entries.filter(({ api }) => /console/i.test(api)).length
  expect(read()).toBe(0)
  await clock.run(plain.close())
  const checked = make({ startup: "work", ready: READY })
  await clock.run(checked.scale(5))
  const before = read()
  expect(before).toBeGreaterThan(0)
  await clock.run(clock.sleep(600_000))
  expect(read()).toBe(before)
  await clock.run(checked.close())
})
