import { expect, test } from "vitest"
import { ShortfallError } from "../../src/errors.js"
import { live, rig, SMALL } from "./support.js"

const sumOf = (reasons: readonly { count: number }[]) => reasons.reduce((sum, { count }) => sum + count, 0)

test("capacity spread over zones is found, and what is missing is explained exactly", async () => {
  const capacity = [
    { zone: "sim-1a", count: 20 },
    { zone: "sim-1b", count: 30 },
    { zone: "sim-1c", count: 40 },
  ]
  const { clock, world, cluster: make } = rig({ capacity })
  const cluster = make()
  const error = await clock.run(cluster.scale(100).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(ShortfallError)
  const { running, desired, shortfall } = error as ShortfallError
  expect([desired, running, shortfall.count, sumOf(shortfall.reasons)]).toEqual([100, 90, 10, 10])
  expect(shortfall.reasons.every((reason) => reason.reason === "capacity" && reason.retryAt !== undefined)).toBe(true)
  expect(cluster.group("default").desired).toBe(100)
  expect(
    world.ledger.entries.filter(({ outcome, api }) => api === "CreateInstances" && outcome !== "ok").length,
  ).toBeLessThanOrEqual(3)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("one group's surplus makes up for nothing that another one lacks", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make({ groups: { a: {}, b: {} } })
  await clock.run(cluster.scale({ a: 0, b: 20 }))
  world.faults.rate("ListInstances", 1, { kind: "hang" })
  await clock.run(clock.sleep(35_000))
  const thrown = await clock.run(cluster.scale({ a: 10, b: 10 }, { timeout: "20s" }).catch((error: unknown) => error))
  expect(thrown).toBeInstanceOf(ShortfallError)
  expect(thrown).toMatchObject({ shortfall: { count: 10 } })
  world.faults.clear()
  await clock.run(cluster.close())
})

test("minimum: fewer are enough, and ifShort keep settles for them", async () => {
  const { clock, world, cluster: make } = rig({ capacity: [{ count: 7 }] })
  const cluster = make({ zones: ["sim-1a"] })
  const result = await clock.run(cluster.scale(10, { minimum: 5, ifShort: "keep" }))
  expect(result).toMatchObject({ desired: 10, running: 7, shortfall: { count: 3 } })
  expect(cluster.group("default").desired).toBe(7)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("ifShort close ends everything before it rejects", async () => {
  const { clock, world, cluster: make } = rig({ capacity: [{ count: 2 }] })
  const cluster = make({ zones: ["sim-1a"] })
  await expect(clock.run(cluster.scale(10, { ifShort: "close" }))).rejects.toThrow(ShortfallError)
  expect(live(world)).toEqual([])
  await expect(cluster.scale(1)).rejects.toThrow("is closed")
})

test("what was refused is tried again when the memory of it has run out", async () => {
  const { clock, world, cluster: make } = rig({ capacity: [{ count: 2 }] })
  const cluster = make({ zones: ["sim-1a"] })
  await expect(clock.run(cluster.scale(4))).rejects.toThrow(/2 run, 2 are missing/)
  world.setCapacity({ zone: "sim-1a" }, 100)
  await clock.run(clock.sleep(600_000))
  expect(live(world)).toHaveLength(4)
  await clock.run(cluster.close())
})

test("a quota is not taken for a lack of capacity: another family is tried", async () => {
  const quotas = [{ family: "standard", market: "on-demand" as const, vcpus: 10 }]
  const { clock, world, cluster: make } = rig({ quotas })
  const cluster = make({ instanceType: [SMALL, "d1.2xlarge"] })
  expect(await clock.run(cluster.scale(12))).toMatchObject({ running: 12 })
  expect(live(world).filter((instance) => instance.instanceType === "d1.2xlarge")).toHaveLength(2)
  await clock.run(cluster.close())
})

test("a lost reply is asked for again with the same token: no second set", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.loseReply("CreateInstances", 1)
  await clock.run(cluster.scale(40))
  expect(world.truth({})).toHaveLength(40)
  expect(world.ledger.count("CreateInstances")).toBe(2)
  await clock.run(cluster.close())
})

test("replies lost for minutes: the launch stays booked, is replayed, and is never made twice", async () => {
  const { clock, world, cluster: make } = rig({ listLagMs: 30_000, limits: { consistencyMs: 60_000 } })
  const cluster = make()
  world.faults.loseReply("CreateInstances", 5)
  expect(await clock.run(cluster.scale(40))).toMatchObject({ running: 40 })
  expect(world.truth({})).toHaveLength(40)
  expect(world.ledger.count("CreateInstances")).toBe(6)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("close while a launch is of unknown outcome sweeps to the end of the consistency window, without a replay", async () => {
  const { clock, world, provider, cluster: make } = rig()
  const cluster = make()
  world.faults.hang("CreateInstances", 1)
  const scaling = cluster.scale(40)
  const closed = clock.sleep(5_000).then(() => cluster.close())
  const [, receipt] = await clock.run(Promise.all([scaling, closed]))
  expect(live(world)).toEqual([])
  expect(receipt.instances).toEqual([])
  expect(world.ledger.count("CreateInstances")).toBe(1)
  const sent = world.ledger.of("CreateInstances")[0]?.at ?? 0
  expect(clock.now()).toBeGreaterThanOrEqual(sent + provider.limits.attemptMs + provider.limits.consistencyMs)
})

test("a launch whose answer is lost is known once all of it is seen: nothing is sent again, and close does not wait for it", async () => {
  const { clock, world, cluster: make } = rig({ listLagMs: 0 })
  const cluster = make()
  world.faults.loseReply("CreateInstances", 3)
  expect(await clock.run(cluster.scale(40))).toMatchObject({ running: 40 })
  expect(world.ledger.count("CreateInstances")).toBe(3)
  const begun = clock.now()
  await clock.run(cluster.close())
  expect(clock.now() - begun).toBeLessThan(5_000)
  expect(world.truth({})).toHaveLength(40)
})

test("credentials that run out after a create call was sent: what it made stays booked, and nothing is made twice", async () => {
  const { clock, world, cluster: make } = rig({ listLagMs: 30_000, limits: { consistencyMs: 60_000 } })
  const cluster = make()
  world.faults.loseReply("CreateInstances", 1)
  world.faults.fail("CreateInstances", { error: "auth", message: "the session is over", times: 1 })
  await expect(clock.run(cluster.scale(10))).rejects.toThrow("the session is over")
  expect(await clock.run(cluster.scale(10))).toMatchObject({ running: 10 })
  expect(world.truth({})).toHaveLength(10)
  await clock.run(cluster.close())
})

test("throttling delays and never counts as a lack of capacity", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.fail("CreateInstances", { error: "throttled", times: 6 })
  expect(await clock.run(cluster.scale(10))).toMatchObject({ running: 10 })
  await clock.run(cluster.close())
})

test("a list that fails is no empty list", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(10))
  world.faults.fail("ListInstances", { error: "transient", times: 60 })
  await clock.run(clock.sleep(300_000))
  expect(live(world)).toHaveLength(10)
  expect(world.ledger.count("CreateInstances")).toBe(1)
  await clock.run(cluster.close())
})

test("lists that lag behind do not make a second set, nor end a close too early", async () => {
  const { clock, world, cluster: make } = rig({ listLagMs: [6_000, 9_000] })
  const cluster = make()
  await clock.run(cluster.scale(50))
  expect(world.truth({})).toHaveLength(50)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("rejected and unauthorized stop at once, with the cloud's words", async () => {
  for (const error of ["rejected", "auth"] as const) {
    const { clock, world, cluster: make } = rig()
    const cluster = make()
    world.faults.fail("CreateInstances", { error, message: "not like this", times: 1000 })
    await expect(clock.run(cluster.scale(10))).rejects.toThrow("not like this")
    expect(world.ledger.count("CreateInstances")).toBe(1)
    await clock.run(cluster.close())
  }
})

test("interrupted and vanished workers are replaced", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make({ market: "spot" })
  await clock.run(cluster.scale(10))
  world.faults.interrupt({ market: "spot" }, { count: 4 })
  world.terminate([cluster.workers.at(-1)?.id ?? ""])
  await clock.run(clock.sleep(400_000))
  expect(cluster.workers.filter((worker) => worker.state === "running")).toHaveLength(10)
  const receipt = await clock.run(cluster.close())
  expect(receipt.instances.length).toBeGreaterThanOrEqual(14)
  expect(live(world)).toEqual([])
})

test("instances that fail to boot are replaced, until ten in a row: then the group stops and says so", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.failBoots(2, {}, { message: "disk full" })
  expect(await clock.run(cluster.scale(5))).toMatchObject({ running: 5 })
  world.faults.rateBoots(1, {}, { message: "disk full" })
  const error = await clock.run(cluster.scale(8).catch((thrown: unknown) => thrown as ShortfallError))
  expect(error).toBeInstanceOf(ShortfallError)
  expect((error as ShortfallError).shortfall).toMatchObject({ count: 3, reasons: [{ reason: "boot", count: 3 }] })
  const made = world.truth({}).length
  expect(made).toBeLessThanOrEqual(5 + 2 + 12)
  await clock.run(clock.sleep(3_600_000))
  expect(world.truth({}).length).toBe(made)
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})

test("an instance that never gets past pending is failed after the cloud's boot time, ended, and counted by the breaker", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  world.faults.rateBoots(1, {}, { how: "stuck" })
  const error = await clock.run(cluster.scale(10, { timeout: "2h" }).catch((thrown: unknown) => thrown))
  expect(error).toBeInstanceOf(ShortfallError)
  expect((error as ShortfallError).shortfall.reasons).toMatchObject([
    { reason: "boot", code: "BootTimeout", count: 10 },
  ])
  expect(world.truth({})).toHaveLength(10)
  await clock.run(clock.sleep(10_000))
  expect(live(world)).toEqual([])
  await clock.run(cluster.close())
})

test("an instance that somebody stopped is ended and replaced", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(3))
  world.stop([cluster.workers[0]?.id ?? ""])
  await clock.run(clock.sleep(300_000))
  expect(world.truth({ states: ["stopped"] })).toEqual([])
  expect(live(world)).toHaveLength(3)
  await clock.run(cluster.close())
})

test("past the cluster's deadline everything goes and nothing is launched", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make({ maxLifetime: "1h" })
  await clock.run(cluster.scale(3))
  expect(new Set(live(world).map((instance) => instance.tags["muster-deadline"])).size).toBe(1)
  await clock.run(clock.sleep(3_700_000))
  expect(live(world)).toEqual([])
  await clock.run(cluster.close())
})

test("a timeout says what was waited for, for how long, and what exists", async () => {
  const { clock, cluster: make } = rig({ latency: { bootMs: 3_600_000 } })
  const cluster = make()
  await expect(clock.run(cluster.scale(3, { timeout: "2m" }))).rejects.toThrow(
    /to 3: 0 run, 3 are missing\n {2}3 × timeout \(Pending\): launched, but not running yet; waited 120 s/,
  )
  await clock.run(cluster.close())
})

test("a termination that is refused is asked for again, and what cannot be confirmed is named", async () => {
  const { clock, world, cluster: make } = rig()
  const cluster = make()
  await clock.run(cluster.scale(3))
  world.faults.fail("TerminateInstances", { error: "rejected", times: 3, message: "protected" })
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])

  const second = rig()
  const stuck = second.cluster()
  await second.clock.run(stuck.scale(2))
  second.world.faults.fail("TerminateInstances", { error: "rejected", times: 100_000, message: "protected" })
  const error = await second.clock.run(stuck.close({ timeout: "5m" }).catch((thrown: unknown) => thrown))
  const leaked = { finalState: "terminating", reportedState: "running" }
  expect(error).toMatchObject({ name: "LeakError", receipt: { leaked: [leaked, leaked] } })
  expect(String(error)).toContain(live(second.world)[0]?.id)
  expect(String(error)).toContain("running when the cloud said it last")
})

test("a launch of unknown outcome that zero fenced off is still sent again when it is wanted again", async () => {
  const { clock, world, cluster: make } = rig({ limits: { consistencyMs: 600_000 } })
  const cluster = make()
  world.faults.hang("CreateInstances", 2)
  const first = cluster.scale(10)
  const zero = clock.sleep(30_000).then(() => cluster.scale(0))
  const again = clock.sleep(120_000).then(() => cluster.scale(4))
  const [, , last] = await clock.run(Promise.all([first, zero, again]))
  expect(last).toMatchObject({ running: 4 })
  expect(live(world)).toHaveLength(4)
  const tokens = world.ledger.of("CreateInstances").map(({ parameters }) => (parameters as { token: string }).token)
  expect(tokens.slice(0, 2)).toEqual([tokens[0], tokens[0]])
  await clock.run(cluster.close())
  expect(live(world)).toEqual([])
})
