import { describe, expect, test } from "vitest"
import { WorldError } from "../../src/simulator/index.js"
import { create, ids, made, request, rig } from "./rig.js"

describe("tokens and names", () => {
  test("the same token with the same request makes nothing more, whatever state the first ones are in", async () => {
    const { world, pass } = rig()
    const first = create(world, 3, { token: "t" })
    await pass(40_000)
    const again = world.create(request(3, { token: "t" }))
    expect(again).toMatchObject({ kind: "created", replayed: true, instances: { length: 3 } })
    expect(made(again).map(({ id, state }) => [id, state])).toEqual(ids(first).map((id) => [id, "running"]))
    expect(world.truth()).toHaveLength(3)
  })

  test("a shortage is remembered with its token: a replay makes no more when there is room again", () => {
    const { world } = rig({ capacity: [{ count: 2 }] })
    create(world, 3, { token: "t" })
    world.setCapacity({}, 10)
    expect(world.create(request(3, { token: "t" }))).toMatchObject({ instances: { length: 2 }, shortage: { count: 1 } })
  })

  test("another request under the same token is a mismatch, in another scope it is new", () => {
    const { world } = rig()
    create(world, 3, { token: "t" })
    expect(world.create(request(4, { token: "t" })).kind).toBe("mismatch")
    expect(create(world, 3, { token: "t", zone: "sim-1b" })).toHaveLength(3)
    expect(world.create(request(3, { token: "t", tags: { "muster-uid": "v" } })).kind).toBe("mismatch")
  })

  test("all ended is told apart, and a token is forgotten in the end", async () => {
    const { world, pass } = rig({ tokenTtlMs: 3_600_000 })
    world.terminate(ids(create(world, 2, { token: "t" })))
    expect(world.create(request(2, { token: "t" })).kind).toBe("created")
    await pass(10_000)
    expect(world.create(request(2, { token: "t" }))).toMatchObject({ kind: "terminated", instances: { length: 2 } })
    expect(world.truth()).toHaveLength(2)
    await pass(3_600_000)
    expect(world.create(request(2, { token: "t" }))).toMatchObject({ kind: "created", replayed: false })
  })

  test("a name is taken while its instance is there, in its own scope", async () => {
    const { world, pass } = rig()
    const [first] = create(world, 1, { names: ["w-1"] })
    expect(world.create(request(1, { names: ["w-1"] }))).toMatchObject({
      kind: "exists",
      instances: [{ id: first?.id }],
    })
    expect(create(world, 1, { names: ["w-1"], zone: "sim-1b" })).toHaveLength(1)
    expect(create(world, 1, { names: ["w-1"], nameScope: "group" })).toHaveLength(1)
    world.terminate([first?.id ?? ""])
    expect(world.create(request(1, { names: ["w-1"] })).kind).toBe("exists")
    await pass(10_000)
    expect(world.create(request(1, { names: ["w-1"] })).kind).toBe("created")
  })

  test("what makes no sense is rejected", () => {
    const { world } = rig()
    for (const wrong of [
      { zone: "nowhere" },
      { min: 0 },
      { min: 3, max: 2 },
      { names: ["a"] },
      { names: ["a", "a"] },
    ]) {
      expect(() => world.create(request(2, wrong))).toThrow(WorldError)
    }
  })
})
