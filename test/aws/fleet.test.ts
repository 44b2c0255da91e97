/** CreateFleet: what is sent, what its answers mean, and what a repeated one leaves out. */
import { beforeEach, describe, expect, test } from "vitest"
import type { FleetBody } from "../../providers/aws/fleet-calls.js"
import { IMAGES, subnetOf } from "../../providers/aws/wire/index.js"
import { AuthError, RejectedError } from "../../src/errors.js"
import type { LaunchCall, Launched, Market, Offer, Room, Wish } from "../../src/provider.js"
import { type Cloud, ec2, NO_ROOM, OWNER, prepareOf, wishFor } from "./support/cloud.js"

const TYPES = ["m7i.large", "c7i.large", "m7i.4xlarge"]

let cloud: Cloud

beforeEach(async () => {
  cloud = await ec2({ aws: { subnetIds: undefined } })
})

async function offersOn(market: Market, instanceTypes: readonly string[] = TYPES): Promise<readonly Offer[]> {
  return cloud.run(cloud.provider.offers({ instanceTypes, markets: [market] }, cloud.bare()))
}

async function splitOn(market: Market, count: number, wish: Partial<Wish> = {}, room: Room = NO_ROOM) {
  const offers = wish.offers ?? (await offersOn(market))
  return cloud.provider.split(
    wishFor(offers, count, { market, spread: "zones", ...wish }),
    await prepareOf(cloud),
    room,
  )
}

async function spotCall(count = 10): Promise<LaunchCall> {
  const [call] = await splitOn("spot", count)
  if (call === undefined) throw new Error("no launch call")
  return call
}

function send(call: LaunchCall): Promise<Launched> {
  return cloud.run(cloud.provider.launch(call, cloud.bare()))
}

const fleetOf = (call: LaunchCall) => (call.body as unknown as FleetBody).fleet

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
    cloud.world.ledger.clear()
    await send(await spotCall(11))
    expect(apis().at(-1)).toEqual(["CreateFleet", "ok"])
    expect(cloud.world.ledger.count("CreateLaunchTemplate")).toBe(0)
    expect(cloud.world.resources.list({ kind: "launch-template" })).toHaveLength(1)
  })

  test("carries image, user data, the end with the guest's shutdown, and disks that end with it", async () => {
    const call = await spotCall()
    await send(call)
    const [template] = cloud.world.resources.list({ kind: "launch-template" })
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
    const [template] = cloud.world.resources.list({ kind: "launch-template" })
    cloud.world.resources.delete("launch-template", template?.id ?? "")
    expect((await send(await spotCall(2))).instances).toHaveLength(2)
  })

  test("that another process makes at the same moment is used", async () => {
    const calls = [await spotCall(3), await spotCall(4)]
    const made = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.bare()))))
    expect(made.map(({ instances }) => instances.length)).toEqual([3, 4])
    expect(cloud.world.resources.list({ kind: "launch-template" })).toHaveLength(1)
  })

  test("is a leftover of its cluster, and removed with it", async () => {
    await send(await spotCall())
    const found = await cloud.run(cloud.provider.leftovers?.({ uid: OWNER.uid }, cloud.bare()) ?? Promise.resolve([]))
    expect(found).toMatchObject([{ kind: "launch-template", shared: false }])
    for (let twice = 0; twice < 2; twice += 1) {
      await cloud.run(cloud.provider.remove?.(found, cloud.bare()) ?? Promise.resolve())
    }
    expect(cloud.world.resources.list({ kind: "launch-template" })).toEqual([])
  })
})

describe("an answer", () => {
  test("names instances as lists do", async () => {
    const call = await spotCall(8)
    const { instances, failures, settled } = await send(call)
    expect([failures, settled]).toEqual([[], true])
    const listed = await cloud.run(cloud.provider.list({ launch: call.token }, cloud.bare()))
    const key = ({ id, zone, instanceType, market, name }: (typeof listed)[number]) =>
      [id, zone, instanceType, market, name].join()
    expect(instances.map(key).sort()).toEqual(listed.map(key).sort())
    expect(instances[0]?.tags["muster-launch"]).toBe(call.token)
  })

  test("with instances and errors: instances count, and the rest is shared over the pools that had too few", async () => {
    cloud.world.setCapacity({ market: "spot" }, 2)
    const { instances, failures } = await send(await spotCall(100))
    expect(instances).toHaveLength(24)
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(76)
    expect(failures).toHaveLength(12)
    for (const { reason, scope, code } of failures) {
      expect([reason, code, Object.keys(scope).sort().join()]).toEqual([
        "capacity",
        "InsufficientInstanceCapacity",
        "instanceType,market,provider,region,zone",
      ])
    }
  })

  test("with errors although all came tells of no failure", async () => {
    cloud.world.setCapacity({ market: "spot", zone: "us-east-1a" }, 0)
    const { instances, failures } = await send(await spotCall(100))
    expect([instances.length, failures]).toEqual([100, []])
  })

  test("above the spot quota names the family and the market", async () => {
    cloud.world.setQuota({ family: "standard", market: "spot", vcpus: 4 })
    const { instances, failures } = await send(await spotCall(10))
    expect(instances).toHaveLength(2)
    const scope = { provider: "aws", region: "us-east-1", family: "standard", market: "spot" }
    expect(failures).toMatchObject([{ reason: "quota", count: 8, scope, code: "MaxSpotInstanceCountExceeded" }])
  })

  test("of an account without the role for spot says how to make it", async () => {
    cloud.world.resources.delete("service-linked-role", "AWSServiceRoleForEC2Spot")
    const error = await send(await spotCall()).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AuthError)
    expect(String(error)).toContain("aws iam create-service-linked-role --aws-service-name spot.amazonaws.com")
  })

  test("of a request that every pool refuses is that refusal", async () => {
    const call = await spotCall()
    await send(call)
    cloud.world.resources.delete("image", IMAGES.x86_64)
    const error = await send(await spotCallWith(call)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RejectedError)
    expect(String(error)).toMatch(/launching 10 × one of 3 types.*InvalidAMIID\.NotFound.*check imageId/)
  })
})

/** The same request under another token. */
async function spotCallWith(call: LaunchCall): Promise<LaunchCall> {
  const token = `${call.token.slice(0, -1)}${call.token.endsWith("0") ? "1" : "0"}`
  return JSON.parse(JSON.stringify(call).replaceAll(call.token, token)) as LaunchCall
}

describe("a repeated call", () => {
  const ids = ({ instances }: Launched) => instances.map(({ id }) => id).sort()

  test("names what the first one made, by asking the fleet, and makes no more", async () => {
    const call = await spotCall(20)
    const first = await send(call)
    const again = await send(JSON.parse(JSON.stringify(call)) as LaunchCall)
    expect(ids(again)).toEqual(ids(first))
    expect(again.settled).toBe(true)
    expect(cloud.world.truth()).toHaveLength(20)
    expect(cloud.world.ledger.count("DescribeFleets")).toBe(1)
  })

  test("after a lost answer names them too", async () => {
    const call = await spotCall(20)
    await send(await spotCallWith(call))
    cloud.world.faults.loseReply("CreateFleet")
    const { instances, settled } = await cloud.run(cloud.provider.launch(call, cloud.calls()))
    expect([instances.length, settled]).toEqual([20, true])
    expect(cloud.world.truth()).toHaveLength(40)
  })

  test("says again what was short, and why", async () => {
    cloud.world.setCapacity({ market: "spot" }, 1)
    const call = await spotCall(20)
    const first = await send(call)
    const again = await send(call)
    expect(ids(again)).toEqual(ids(first))
    expect(again.failures).toEqual(first.failures)
  })

  test("knows that its instances have ended since", async () => {
    const call = await spotCall(2)
    const first = await send(call)
    await cloud.run(cloud.provider.terminate(first.instances, cloud.bare()))
    const again = await send(call)
    expect(again.instances.map(({ state }) => state)).toEqual(["terminating", "terminating"])
  })

  test("without the right to ask fleets waits until lists show all, or must", async () => {
    cloud = await ec2({ aws: { subnetIds: undefined }, world: { listLagMs: 10_000 } })
    const call = await spotCall(2)
    const first = await send(call)
    cloud.world.faults.rate("DescribeFleets", 1, { kind: "fail", error: "auth" })
    const again = await send(call)
    expect([again.settled, again.instances]).toEqual([false, []])
    await cloud.run(cloud.clock.sleep(15_000))
    const later = await cloud.run(cloud.provider.settle(call, again.ref ?? null, cloud.bare()))
    expect([later.settled, ids(later)]).toEqual([true, ids(first)])
  })

  test("with another body is refused", async () => {
    const call = await spotCall(2)
    await send(call)
    const body = {
      ...call.body,
      fleet: {
        ...fleetOf(call),
        TargetCapacitySpecification: { TotalTargetCapacity: 3, DefaultTargetCapacityType: "spot" },
      },
    }
    await expect(send({ ...call, body })).rejects.toMatchObject({ code: "IdempotentParameterMismatch" })
  })
})
