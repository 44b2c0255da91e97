/** CreateFleet: what its answers mean, and what a repeated one leaves out. */
import { beforeEach, describe, expect, test } from "vitest"
import { IMAGES } from "../../../providers/aws/wire/index.js"
import { RejectedError } from "../../../src/errors.js"
import type { LaunchCall, Launched, Scope } from "../../../src/provider.js"
import { type Cloud, ec2 } from "../support/cloud.js"
import { fleetOf, fleetsOn, underAnotherToken } from "../support/fleets.js"

let cloud: Cloud

beforeEach(async () => {
  cloud = await ec2({ aws: { subnetIds: undefined } })
})

const { spotCall, send } = fleetsOn(() => cloud)

/** Users have met it inside fleets that were not throttled themselves, with instances from other pools beside it. */
function throttle(...scopes: readonly Scope[]): void {
  const answer = { api: "CreateFleet", place: "pool", code: "RequestLimitExceeded" } as const
  for (const scope of scopes) cloud.wire.answers.give({ ...answer, message: "Request limit exceeded.", scope })
}

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

  test("with a throttle in some pools: what came counts, and only those pools rest for a while", async () => {
    const zone = "us-east-1a"
    cloud.world.setCapacity({ market: "spot" }, 2)
    throttle({ instanceType: "m7i.large", zone }, { instanceType: "c7i.large", zone })
    const { instances, failures, settled } = await send(await spotCall(100))
    expect([instances.length, settled]).toEqual([20, true])
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(80)
    const throttled = failures.filter(({ code }) => code === "RequestLimitExceeded")
    const told = throttled.map(({ scope, ttlMs, reason }) => [scope.instanceType, scope.zone, ttlMs, reason].join(" "))
    expect(told.sort()).toEqual([`c7i.large ${zone} 2000 transient`, `m7i.large ${zone} 2000 transient`])
  })

  test("with a throttle in every pool says so, and the call is over", async () => {
    throttle({})
    const { instances, failures, settled } = await send(await spotCall(12))
    expect([instances, settled]).toEqual([[], true])
    expect(new Set(failures.map(({ code, ttlMs, reason }) => `${code} ${ttlMs} ${reason}`))).toEqual(
      new Set(["RequestLimitExceeded 2000 transient"]),
    )
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBe(12)
  })

  test("above the spot quota names the family and the market", async () => {
    cloud.world.setQuota({ family: "standard", market: "spot", vcpus: 4 })
    const { instances, failures } = await send(await spotCall(10))
    expect(instances).toHaveLength(2)
    const scope = { provider: "aws", region: "us-east-1", family: "standard", market: "spot" }
    expect(failures).toMatchObject([{ reason: "quota", count: 8, scope, code: "MaxSpotInstanceCountExceeded" }])
  })

  test("of an account without the role for spot says how to make it, and nothing of on demand", async () => {
    cloud.world.resources.delete("service-linked-role", "AWSServiceRoleForEC2Spot")
    const { instances, failures } = await send(await spotCall())
    const scope = { provider: "aws", region: "us-east-1", market: "spot" }
    expect([instances, failures]).toMatchObject([[], [{ reason: "rejected", count: 10, scope }]])
    const remedy = "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
    expect(failures[0]?.message).toContain(remedy)
  })

  test("of a request that every pool refuses is that refusal", async () => {
    const call = await spotCall()
    await send(call)
    cloud.world.resources.delete("image", IMAGES.x86_64)
    const error = await send(underAnotherToken(call)).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RejectedError)
    expect(String(error)).toMatch(/launching 10 × one of 3 types.*InvalidAMIID\.NotFound.*check imageId/)
  })
})

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
    await send(underAnotherToken(call))
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

  test.each(["auth", "rejected"] as const)(
    "where fleets cannot be asked (%s) waits until lists show all, or must",
    async (error) => {
      cloud = await ec2({ aws: { subnetIds: undefined }, world: { listLagMs: 10_000 } })
      const call = await spotCall(2)
      const first = await send(call)
      cloud.world.faults.rate("DescribeFleets", 1, { kind: "fail", error })
      const again = await send(call)
      expect([again.settled, again.instances]).toEqual([false, []])
      await cloud.run(cloud.clock.sleep(15_000))
      const later = await cloud.run(cloud.provider.settle(call, again.ref ?? null, cloud.bare()))
      expect([later.settled, ids(later)]).toEqual([true, ids(first)])
    },
  )

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
