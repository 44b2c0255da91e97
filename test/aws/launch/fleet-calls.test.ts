/** CreateFleet: what is sent, and from which template. */
import { beforeEach, describe, expect, test } from "vitest"
import { subnetOf } from "../../../providers/aws/wire/index.js"
import type { JsonObject, LaunchCall, Room } from "../../../src/provider.js"
import { type Cloud, ec2, NO_ROOM, OWNER, prepareOf, wishFor } from "../support/cloud.js"
import { fleetOf, fleetsOn, templatesIn, TYPES } from "../support/fleets.js"

let cloud: Cloud

beforeEach(async () => {
  cloud = await ec2({ aws: { subnetIds: undefined } })
})

const { offersOn, splitOn, spotCall, send } = fleetsOn(() => cloud)

describe("the calls", () => {
  test("of spot name every type in every zone, with the strategy that AWS recommends", async () => {
    const [call, ...others] = await splitOn("spot", 1000)
    expect(others).toEqual([])
    expect(call).toMatchObject({
      api: "CreateFleet",
      count: 1000,
      cost: { CreateFleet: 1, "RunInstances.resources": 1000 },
    })
    expect(call?.zone).toBeUndefined()
    const { LaunchTemplateConfigs, SpotOptions, TargetCapacitySpecification, Type } = fleetOf(call as LaunchCall)
    expect({ SpotOptions, TargetCapacitySpecification, Type }).toEqual({
      Type: "instant",
      SpotOptions: { AllocationStrategy: "price-capacity-optimized", InstanceInterruptionBehavior: "terminate" },
      TargetCapacitySpecification: { TotalTargetCapacity: 1000, DefaultTargetCapacityType: "spot" },
    })
    const [config] = LaunchTemplateConfigs as { Overrides: readonly Record<string, unknown>[] }[]
    expect(config?.Overrides).toHaveLength(12)
    expect(config?.Overrides[0]).toEqual({
      InstanceType: "m7i.large",
      AvailabilityZone: "us-east-1a",
      SubnetId: subnetOf("us-east-1a"),
    })
  })

  test("of one zone stay in the zone of the best offer", async () => {
    const [call] = await splitOn("spot", 10, { spread: "one-zone" })
    expect(call?.zone).toBe("us-east-1a")
    expect(new Set(call?.offers.map(({ zone }) => zone))).toEqual(new Set(["us-east-1a"]))
  })

  test("on demand are one for each zone, with our own ranking as priorities", async () => {
    const calls = await splitOn("on-demand", 10)
    expect(calls.map(({ api, zone, count }) => [api, zone, count])).toEqual([
      ["CreateFleet", "us-east-1a", 3],
      ["CreateFleet", "us-east-1b", 3],
      ["CreateFleet", "us-east-1c", 2],
      ["CreateFleet", "us-east-1d", 2],
    ])
    const { OnDemandOptions, LaunchTemplateConfigs } = fleetOf(calls[0] as LaunchCall)
    expect(OnDemandOptions).toEqual({ AllocationStrategy: "prioritized" })
    const [config] = LaunchTemplateConfigs as { Overrides: readonly Record<string, unknown>[] }[]
    expect(config?.Overrides.map(({ InstanceType, Priority }) => [InstanceType, Priority])).toEqual(
      TYPES.map((type, priority) => [type, priority]),
    )
  })

  test.each([
    ["few pools", {}, "on-demand", TYPES.slice(0, 1), 1000, 1],
    ["many types", {}, "on-demand", TYPES, 10, 4],
    ["many types, forbidden", { fleet: false }, "on-demand", TYPES, 10, 0],
    ["spot, forbidden", { fleet: false }, "spot", TYPES, 10, 0],
    ["asked for", { fleet: true }, "on-demand", TYPES.slice(0, 1), 10, 4],
    ["a large volley at its own rate", { fleetRate: "separate" }, "on-demand", TYPES.slice(0, 1), 3000, 4],
  ] as const)("%s", async (what, aws, market, types, count, fleets) => {
    cloud = await ec2({ aws: { subnetIds: undefined, ...aws } })
    const calls = await splitOn(market, count, { offers: await offersOn(market, types) })
    expect(calls.filter(({ api }) => api === "CreateFleet")).toHaveLength(what === "few pools" ? 0 : fleets)
    expect(calls.reduce((sum, call) => sum + call.count, 0)).toBe(count)
  })

  test("above what the limit of instances holds go out in what its refill lets through", async () => {
    const room = { levels: { "RunInstances.resources": 300 }, launches: [] }
    const calls = await splitOn("spot", 1000, {}, room)
    expect(calls.map(({ count }) => count)).toEqual([300, 250, 250, 200])
  })

  test("of one zone share out its subnets by what is free, less what launches under way will take", async () => {
    cloud = await ec2({ aws: { subnetIds: undefined, fleet: true } })
    const offers = (await offersOn("on-demand", ["m7i.large"])).slice(0, 1)
    const prepared = await prepareOf(cloud)
    const [first] = prepared.body.subnets as readonly JsonObject[]
    const another = { ...first, id: "subnet-0abcabcabcabcabca", free: 3_500 }
    const body = { ...prepared.body, subnets: [{ ...first, free: 4_000 }, another] }
    const subnetsOf = (room: Room) =>
      cloud.provider
        .split(wishFor(offers, 3_000), { ...prepared, body }, room)
        .map((call) => JSON.stringify(call.body).match(/"SubnetId":"(subnet-\w+)"/)?.[1])
    const [one, other] = [first?.id, another.id]
    expect(subnetsOf(NO_ROOM).slice(0, 4)).toEqual([one, other, other, one])
    const underWay = {
      levels: {},
      launches: [
        { api: "CreateFleet", count: 1_000 },
        { api: "x", zone: "us-east-1a", count: 600 },
      ],
    }
    expect(subnetsOf(underWay)[0]).toBe(one)
    const more = { levels: {}, launches: [{ api: "CreateFleet", zone: "us-east-1a", count: 1_000 }] }
    expect(subnetsOf(more)[0]).toBe(other)
  })

  test("spot by RunInstances is one-time and ends with its interruption", async () => {
    cloud = await ec2({ aws: { subnetIds: undefined, fleet: false, maxSpotPrice: 1 } })
    const [call] = await splitOn("spot", 2)
    expect(call?.api).toBe("RunInstances")
    expect(call?.body.InstanceMarketOptions).toEqual({
      MarketType: "spot",
      SpotOptions: { SpotInstanceType: "one-time", InstanceInterruptionBehavior: "terminate", MaxPrice: "1" },
    })
    const { instances } = await send(call as LaunchCall)
    expect(instances.map(({ market }) => market)).toEqual(["spot"])
  })
})

describe("the template", () => {
  test("is made when EC2 does not have it, once, and found after by every call", async () => {
    await send(await spotCall())
    const apis = () => cloud.world.ledger.entries.map(({ api, outcome }) => [api, outcome])
    expect(apis().slice(-3)).toEqual([
      ["CreateFleet", "InvalidLaunchTemplateName.NotFoundException"],
      ["CreateLaunchTemplate", "ok"],
      ["CreateFleet", "ok"],
    ])
    const again = await spotCall(11)
    cloud.world.ledger.clear()
    await send(again)
    expect(apis()).toEqual([["CreateFleet", "ok"]])
    expect(cloud.world.ledger.count("CreateLaunchTemplate")).toBe(0)
    expect(templatesIn(cloud)).toHaveLength(1)
  })

  test("carries image, user data, the end with the guest's shutdown, and disks that end with it", async () => {
    const call = await spotCall()
    await send(call)
    const [template] = templatesIn(cloud)
    expect(template?.attributes.content).toMatchObject({
      InstanceInitiatedShutdownBehavior: "terminate",
      MetadataOptions: { HttpTokens: "required" },
      BlockDeviceMapping: [
        { DeviceName: "/dev/xvda", Ebs: { VolumeType: "gp3", Encrypted: true, DeleteOnTermination: true } },
      ],
    })
    expect(template?.tags["muster-uid"]).toBe(OWNER.uid)
  })

  test("that was deleted is made again", async () => {
    await send(await spotCall())
    const [template] = templatesIn(cloud)
    cloud.world.resources.delete("launch-template", template?.id ?? "")
    expect((await send(await spotCall(2))).instances).toHaveLength(2)
  })

  test("that another process makes at the same moment is used", async () => {
    const calls = [await spotCall(3), await spotCall(4)]
    const made = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.bare()))))
    expect(made.map(({ instances }) => instances.length)).toEqual([3, 4])
    expect(templatesIn(cloud)).toHaveLength(1)
  })

  test("is a leftover of its cluster, and removed with it", async () => {
    await send(await spotCall())
    const found = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
    // The fleets' own, and the claim of the generation.
    expect(found).toMatchObject([
      { kind: "launch-template", shared: false },
      { kind: "launch-template", shared: false },
    ])
    for (let twice = 0; twice < 2; twice += 1) {
      await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
    }
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  })
})
