import { describe, expect, test } from "vitest"
import { create, ids, POOL, rig, SPOT } from "./rig.js"

describe("interruptions", () => {
  test("notice first, then the end, with its reason", async () => {
    const { world, clock, pass } = rig()
    const spot = create(world, 3, SPOT)
    create(world, 3)
    await pass(30_000)
    const taken = world.faults.interrupt({}, { count: 2, noticeMs: 30_000 })
    expect(taken).toEqual(ids(spot).slice(0, 2))
    expect(world.notices()).toEqual(taken.map((id) => ({ id, at: clock.now() + 30_000 })))
    expect(world.instance(taken[0] ?? "")?.state).toBe("running")
    expect(world.faults.interrupt({})).toEqual(ids(spot).slice(2))
    await pass(30_000)
    expect(world.notices().map(({ id }) => id)).toEqual(ids(spot).slice(2))
    expect(world.instance(taken[0] ?? "")).toMatchObject({ state: "terminating", endReason: { reason: "interrupted" } })
  })

  test("one that the owner ends first was not interrupted", async () => {
    const { world, pass } = rig()
    const [instance] = create(world, 1, SPOT)
    const id = instance?.id ?? ""
    world.faults.interrupt([id])
    world.terminate([id])
    await pass(200_000)
    expect(world.instance(id)?.endReason).toBeUndefined()
    expect(world.notices()).toEqual([])
  })

  test("by id any market can be taken, by scope only spot unless it says so", () => {
    const { world } = rig()
    const [first] = create(world, 2)
    expect(world.faults.interrupt({ zone: "sim-1a" })).toEqual([])
    expect(world.faults.interrupt([first?.id ?? ""])).toHaveLength(1)
    expect(world.faults.interrupt({ market: "on-demand" })).toHaveLength(1)
  })

  test("a storm takes its share of those that run and fewer of those that come late, within its time", async () => {
    const { world, pass } = rig()
    create(world, 1_000, SPOT)
    world.faults.storm({ share: 0.3, withinMs: 300_000, noticeMs: 0 })
    await pass(240_000)
    create(world, 1_000, { ...SPOT, zone: "sim-1b" })
    create(world, 1_000, { ...POOL, zone: "sim-1c" })
    await pass(120_000)
    const lost = (zone: string) =>
      world.truth({ zones: [zone] }).filter(({ endReason }) => endReason !== undefined).length
    expect(lost("sim-1a")).toBeGreaterThan(250)
    expect(lost("sim-1a")).toBeLessThan(350)
    expect(lost("sim-1b")).toBeGreaterThan(30)
    expect(lost("sim-1b")).toBeLessThan(90)
    expect(lost("sim-1c")).toBe(0)
    expect(
      create(world, 100, { ...SPOT, zone: "sim-1b" }).every(({ id }) => world.instance(id)?.state === "pending"),
    ).toBe(true)
    await pass(3_600_000)
    expect(world.truth({ zones: ["sim-1b"], states: ["running"] }).length).toBe(1_100 - lost("sim-1b"))
  })
})

describe("boots that fail", () => {
  test("end with their reason and never run", async () => {
    const { world, pass } = rig()
    world.faults.failBoots(2, { zone: "sim-1a" }, { reason: "capacity", code: "NoRoom", message: "no room after all" })
    create(world, 1, { zone: "sim-1b" })
    create(world, 3)
    await pass(30_000)
    const states = world.truth().map(({ zone, state, endReason }) => [zone, state, endReason?.code])
    expect(states).toEqual([
      ["sim-1b", "running", undefined],
      ["sim-1a", "terminated", "NoRoom"],
      ["sim-1a", "terminated", "NoRoom"],
      ["sim-1a", "running", undefined],
    ])
    expect(world.cost()).toBe(0)
  })

  test("or stay pending for ever, until they are ended", async () => {
    const { world, pass } = rig()
    world.faults.failBoots(1, {}, { how: "stuck" })
    const [instance] = create(world, 1)
    await pass(86_400_000)
    expect(world.instance(instance?.id ?? "")?.state).toBe("pending")
    world.terminate([instance?.id ?? ""])
    await pass(10_000)
    expect(world.instance(instance?.id ?? "")?.state).toBe("terminated")
    expect(world.cost()).toBe(0)
  })

  test("at a rate, drawn from the seed", async () => {
    const { world, pass } = rig()
    world.faults.rateBoots(0.1)
    create(world, 1_000)
    await pass(30_000)
    const failed = world.truth({ states: ["terminated"] }).length
    expect(failed).toBeGreaterThan(70)
    expect(failed).toBeLessThan(130)
  })
})
