import { describe, expect, test } from "vitest"
import { create, ids, POOL, request, rig, SPOT } from "./rig.js"

describe("capacity", () => {
  test("a pool gives what it has, and says why it gave no more", () => {
    const { world } = rig({ capacity: [{ zone: "sim-1a", count: 7 }] })
    expect(world.create(request(10))).toMatchObject({
      kind: "created",
      shortage: { reason: "capacity", count: 3, scope: POOL },
    })
    expect(world.stock(POOL)).toBe(0)
    expect(world.stock(SPOT)).toBe(7)
    expect(world.stock({ ...POOL, zone: "sim-1b" })).toBe(Number.POSITIVE_INFINITY)
  })

  test("below min nothing is made", () => {
    const { world } = rig({ capacity: [{ count: 7 }] })
    const creation = world.create(request(10, { min: 8 }))
    expect(creation).toMatchObject({ instances: [], shortage: { count: 10 } })
    expect(world.stock(POOL)).toBe(7)
  })

  test("the first row that matches counts, and one set later comes before all", () => {
    const { world } = rig({ capacity: [{ zone: "sim-1a", count: 1 }, { count: 5 }] })
    expect(world.stock(POOL)).toBe(1)
    expect(world.stock({ ...POOL, zone: "sim-1b" })).toBe(5)
    world.setCapacity({ instanceType: "m1.large" }, 3)
    expect(world.stock(POOL)).toBe(3)
    world.setCapacity({ instanceType: "m1.large" }, 0)
    expect(world.stock(POOL)).toBe(0)
  })

  test("a place is free again when its instance has ended, not before", async () => {
    const { world, pass } = rig({ capacity: [{ count: 2 }] })
    const instances = create(world, 2)
    world.terminate(ids(instances))
    await pass(9_999)
    expect(world.stock(POOL)).toBe(0)
    await pass(1)
    expect(world.stock(POOL)).toBe(2)
  })

  test("what runs stays when a pool is emptied", () => {
    const { world } = rig()
    create(world, 3)
    world.faults.emptyPool({ zone: "sim-1a" })
    expect(world.visible({ states: ["pending"] })).toHaveLength(3)
    expect(world.create(request(1))).toMatchObject({ instances: [], shortage: { reason: "capacity" } })
  })
})

describe("quotas", () => {
  test("count vCPUs over all zones and types of a family and market", () => {
    const { world } = rig({ quotas: [{ family: "standard", market: "on-demand", vcpus: 40 }] })
    create(world, 2, { instanceType: "m1.4xlarge", zone: "sim-1b" })
    expect(world.create(request(10))).toMatchObject({
      instances: { length: 4 },
      shortage: { reason: "quota", count: 6, scope: { family: "standard", market: "on-demand" } },
    })
    expect(world.quotas(POOL)).toMatchObject([{ limit: 40, used: 40 }])
    expect(create(world, 10, SPOT)).toHaveLength(10)
  })

  test("the tightest of several rows limits, and is named", () => {
    const { world } = rig({
      quotas: [
        { name: "all", vcpus: 100 },
        { name: "standard", family: "standard", vcpus: 10 },
      ],
    })
    const creation = world.create(request(10))
    expect(creation).toMatchObject({ instances: { length: 5 } })
    expect(JSON.stringify(creation)).toContain("quota standard allows 10 more")
  })

  test("are free again when instances have ended, and can be raised", async () => {
    const { world, pass } = rig({ quotas: [{ family: "standard", market: "on-demand", vcpus: 4 }] })
    world.terminate(ids(create(world, 2)))
    await pass(10_000)
    expect(create(world, 2)).toHaveLength(2)
    world.setQuota({ family: "standard", market: "on-demand", vcpus: 8 })
    expect(create(world, 5)).toHaveLength(2)
    expect(world.quotas()).toHaveLength(1)
  })
})
