import { describe, expect, test } from "vitest"
import { create, ids, POOL, rig } from "./rig.js"

describe("the life of an instance", () => {
  test("pending, running, terminating, terminated, forgotten by lists, remembered by the truth", async () => {
    const { world, pass } = rig({ terminatedVisibleMs: 60_000 })
    const [instance] = create(world, 1)
    const id = instance?.id ?? ""
    const state = () => world.instance(id)?.state
    expect(id).toMatch(/^i-[0-9a-f]{17}$/)
    expect(state()).toBe("pending")
    await pass(29_999)
    expect(state()).toBe("pending")
    await pass(1)
    expect(state()).toBe("running")
    expect(world.terminate([id]).get(id)).toBe("terminating")
    await pass(9_999)
    expect(state()).toBe("terminating")
    await pass(1)
    expect(state()).toBe("terminated")
    expect(ids(world.visible())).toEqual([id])
    await pass(60_000)
    expect(world.visible()).toEqual([])
    expect(ids(world.truth())).toEqual([id])
  })

  test("ending is idempotent, and an id that never was has no state", async () => {
    const { world, pass } = rig()
    const [instance] = create(world, 1)
    const id = instance?.id ?? ""
    world.terminate([id])
    const leftAt = world.instance(id)?.leftAt
    await pass(5_000)
    expect([...world.terminate([id, "i-none"])]).toEqual([
      [id, "terminating"],
      ["i-none", undefined],
    ])
    expect(world.instance(id)?.leftAt).toBe(leftAt)
  })

  test("it ends by itself when it expires", async () => {
    const { world, clock, pass } = rig()
    const [instance] = create(world, 1, { expiresAt: clock.now() + 60_000 })
    await pass(59_999)
    expect(world.instance(instance?.id ?? "")?.state).toBe("running")
    await pass(1)
    expect(world.instance(instance?.id ?? "")?.state).toBe("terminating")
  })

  test("a stopped instance keeps its place and is not paid for", async () => {
    const { world, pass } = rig({ capacity: [{ count: 1 }] })
    const [instance] = create(world, 1)
    const id = instance?.id ?? ""
    await pass(90_000)
    world.stop([id])
    await pass(3_600_000)
    expect(world.instance(id)?.state).toBe("stopped")
    expect(world.runningSeconds(id)).toBe(60)
    expect(world.stock(POOL)).toBe(0)
  })

  test("it costs from running to terminating", async () => {
    const { world, pass } = rig()
    const instances = create(world, 10)
    await pass(30_000 + 1_800_000)
    world.terminate(ids(instances))
    await pass(3_600_000)
    expect(world.cost()).toBeCloseTo(10 * 0.1 * 0.5, 10)
    expect(world.runningSeconds(instances[0]?.id ?? "")).toBe(1_800)
  })
})

describe("lists", () => {
  test("follow births, boots and ends late", async () => {
    const { world, pass } = rig({ listLagMs: 5_000 })
    const [instance] = create(world, 1)
    const id = instance?.id ?? ""
    const shown = () => world.visible().map(({ state }) => state)
    expect([shown(), world.truth().length]).toEqual([[], 1])
    await pass(5_000)
    expect(shown()).toEqual(["pending"])
    await pass(25_000)
    expect([shown(), world.instance(id)?.state]).toEqual([["pending"], "running"])
    await pass(5_000)
    expect(shown()).toEqual(["running"])
    world.terminate([id])
    await pass(4_999)
    expect(shown()).toEqual(["running"])
    await pass(1)
    expect(shown()).toEqual(["terminating"])
    await pass(10_000)
    expect(shown()).toEqual(["terminated"])
  })

  test("never take back what they have shown when their lag grows", async () => {
    const { world, pass } = rig({ listLagMs: 0 })
    create(world, 1)
    world.faults.lagLists(60_000)
    create(world, 1)
    expect(world.visible()).toHaveLength(1)
    await pass(60_000)
    expect(world.visible()).toHaveLength(2)
  })

  test("every field of a filter must match", () => {
    const { world } = rig()
    const [first] = create(world, 2, { names: ["x", "y"], tags: { "muster-uid": "u", team: "a" } })
    create(world, 1, { zone: "sim-1b", instanceType: "a1.large", market: "spot", tags: { team: "b" } })
    const count = (filter: Parameters<typeof world.visible>[0]) => world.visible(filter).length
    expect(count({})).toBe(3)
    expect(count({ tags: { team: "a" } })).toBe(2)
    expect(count({ tags: { "muster-uid": "u", team: "b" } })).toBe(0)
    expect(count({ zones: ["sim-1b", "sim-1c"] })).toBe(1)
    expect(count({ instanceTypes: ["m1.large"], names: ["y"] })).toBe(1)
    expect(count({ market: "spot", states: ["running"] })).toBe(0)
    expect(count({ ids: [first?.id ?? "", "i-none"] })).toBe(1)
    expect(count({ ids: [] })).toBe(0)
  })

  test("pages hold every instance once, although some come and go between them", async () => {
    const { world, pass } = rig({ terminatedVisibleMs: 0 })
    const first = create(world, 10)
    const one = world.page({}, { limit: 4 })
    expect(ids(one.instances)).toEqual(ids(first).slice(0, 4))
    world.terminate(ids(first).slice(0, 5))
    world.retag(first[6]?.id ?? "", { "muster-uid": "u", color: "red" })
    create(world, 2)
    await pass(20_000)
    const two = world.page({}, { limit: 4, after: one.next ?? 0 })
    const three = world.page({}, { limit: 4, after: two.next ?? 0 })
    expect(ids(two.instances)).toEqual(ids(first).slice(5, 9))
    expect([three.instances.length, three.next]).toEqual([3, undefined])
  })
})

describe("what is not an instance", () => {
  test("is added once, and goes with its instance if it belongs to one", async () => {
    const { world, pass } = rig()
    const [instance] = create(world, 1)
    const id = instance?.id ?? ""
    const nic = { kind: "nic", id: "n1", tags: { a: "b" }, attributes: {}, goesWith: id }
    expect(world.resources.add(nic)).toBe(true)
    expect(world.resources.add(nic)).toBe(false)
    world.resources.put({ kind: "template", id: "t1", tags: { a: "c" }, attributes: { body: 1 } })
    expect(world.resources.list({ tags: { a: "b" } })).toEqual([nic])
    expect(world.resources.list({ goesWith: id, kind: "disk" })).toEqual([])
    world.terminate([id])
    await pass(10_000)
    expect(world.resources.list().map((resource) => resource.id)).toEqual(["t1"])
    expect([world.resources.delete("template", "t1"), world.resources.delete("template", "t1")]).toEqual([true, false])
  })

  test("an operation is done at its time, and the same one for the same id", async () => {
    const { world, pass } = rig()
    const first = world.operations.start({ id: "o", kind: "create", doneInMs: 5_000, outcome: { ids: ["a"] } })
    expect(first.done).toBe(false)
    await pass(1_000)
    expect(world.operations.start({ id: "o", kind: "create", doneInMs: 5_000, outcome: {} })).toEqual(first)
    await pass(4_000)
    expect(world.operations.get("o")).toMatchObject({ done: true, outcome: { ids: ["a"] } })
    expect(world.operations.get("p")).toBeUndefined()
  })
})
