/** What single verbs do on EC2 beyond what every provider owes. */
import { describe, expect, test } from "vitest"
import { IMAGES, subnetOf } from "../../providers/aws/wire/index.js"
import { SpecError } from "../../src/errors.js"
import type { Launched, Offer } from "../../src/provider.js"
import { type Cloud, ec2, NO_ROOM, offersOf, OWNER, prepareOf, TOLD, wishFor, ZONE } from "./support/cloud.js"
import { recordReply } from "./support/exchanges.js"

const apis = (cloud: Cloud) => cloud.world.ledger.entries.map(({ api }) => api)

async function launchOf(cloud: Cloud, count: number, offers?: readonly Offer[]): Promise<Launched> {
  const [call] = cloud.provider.split(
    wishFor(offers ?? (await offersOf(cloud)), count),
    await prepareOf(cloud),
    NO_ROOM,
  )
  if (call === undefined) throw new Error("no launch call")
  return cloud.run(cloud.provider.launch(call, cloud.bare()))
}

describe("offers", () => {
  test("ask for types alone when the subnet's zone is named", async () => {
    const cloud = await ec2()
    const offers = await offersOf(cloud, ["c6gd.2xlarge", "g6.xlarge"])
    expect(apis(cloud)).toEqual(["DescribeInstanceTypes"])
    expect(offers).toEqual([
      {
        provider: "aws",
        region: "us-east-1",
        zone: ZONE,
        market: "on-demand",
        instanceType: "c6gd.2xlarge",
        family: "standard",
        vcpus: 8,
        memoryGiB: 16,
        arch: "arm64",
        localDiskGiB: 441,
      },
      {
        provider: "aws",
        region: "us-east-1",
        zone: ZONE,
        market: "on-demand",
        instanceType: "g6.xlarge",
        family: "g-vt",
        vcpus: 4,
        memoryGiB: 16,
        arch: "x86_64",
        gpu: { name: "L4", count: 1, memoryGiB: 22 },
        localDiskGiB: 231,
      },
    ])
  })

  test("ask for a subnet's zone at the same moment", async () => {
    const cloud = await ec2({ aws: { subnetIds: [subnetOf("us-east-1b"), subnetOf("us-east-1c")] } })
    const offers = await offersOf(cloud)
    expect(offers.map(({ zone }) => zone)).toEqual(["us-east-1b", "us-east-1c"])
    expect(new Set(cloud.world.ledger.entries.map(({ at }) => at)).size).toBe(1)
  })

  test("are of every zone that has the type when no subnet is named", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    expect((await offersOf(cloud)).map(({ zone }) => zone)).toEqual(cloud.world.settings.zones)
  })

  test("of a type that does not exist: which, and what to do", async () => {
    const cloud = await ec2({ wire: { onExchange: recordReply } })
    const promise = offersOf(cloud, ["m7i.large", "m7i.lrage"])
    await expect(promise).rejects.toBeInstanceOf(SpecError)
    await expect(promise).rejects.toThrow(/instanceType:.*do not exist: \[m7i\.lrage\].*check the name/)
  })

  test("are of the markets that are asked for, spot ones with the price of their zone", async () => {
    const cloud = await ec2({ aws: { subnetIds: undefined } })
    const query = { instanceTypes: ["m7i.large"], markets: ["spot", "on-demand"] } as const
    const offers = await cloud.run(cloud.provider.offers(query, cloud.bare()))
    const spot = offers.filter(({ market }) => market === "spot")
    expect(spot.map(({ zone, pricePerHour }) => [zone, pricePerHour])).toEqual([
      ["us-east-1a", 0.0353],
      ["us-east-1b", 0.035653],
      ["us-east-1c", 0.036006],
      ["us-east-1d", 0.036359],
    ])
    const onDemand = offers.filter(({ market }) => market === "on-demand")
    expect(onDemand.map(({ pricePerHour }) => pricePerHour)).toEqual([undefined, undefined, undefined, undefined])
    expect(new Set(cloud.world.ledger.entries.map(({ at }) => at)).size).toBe(1)
  })

  test("ask for nothing when type, image and subnet are told with all that a launch needs", async () => {
    const cloud = await ec2({ aws: { imageId: TOLD, prices: { "m7g.large": 0.05 } } })
    const [x86, arm] = await offersOf(cloud, ["m7i.large", "m7g.large"])
    expect(cloud.world.ledger.count()).toBe(0)
    expect(x86).toEqual({
      provider: "aws",
      region: "us-east-1",
      zone: ZONE,
      market: "on-demand",
      instanceType: "m7i.large",
      family: "standard",
      arch: "x86_64",
    })
    expect(arm).toMatchObject({ arch: "arm64", pricePerHour: 0.05 })
    await launchOf(cloud, 1, [x86 as Offer])
    expect(apis(cloud)).toEqual(["RunInstances"])
  })
})

describe("a principal that may only list, create and delete", () => {
  async function restricted(aws: Parameters<typeof ec2>[0] = {}): Promise<Cloud> {
    const cloud = await ec2(aws)
    for (const api of ["DescribeImages", "DescribeSubnets", "DescribeInstanceTypes", "DescribeInstanceTypeOfferings"]) {
      cloud.world.faults.rate(api, 1, { kind: "fail", error: "auth" })
    }
    return cloud
  }

  test.each([
    ["with its zone", { id: subnetOf(ZONE), zone: ZONE }, ZONE],
    ["without", subnetOf(ZONE), subnetOf(ZONE)],
  ])("bursts when type, image and subnet are named, %s", async (_how, subnet, zone) => {
    const cloud = await restricted({ aws: { subnetIds: [subnet] } })
    const offers = await offersOf(cloud, ["m7i.large"])
    expect(offers).toEqual([
      {
        provider: "aws",
        region: "us-east-1",
        zone,
        market: "on-demand",
        instanceType: "m7i.large",
        family: "standard",
        arch: "x86_64",
      },
    ])
    const { instances } = await launchOf(cloud, 2, offers)
    expect(instances.map((instance) => instance.zone)).toEqual([ZONE, ZONE])
    const { accepted } = await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
    expect(accepted).toHaveLength(2)
  })

  test("is told what could not be read", async () => {
    const cloud = await restricted({ aws: { subnetIds: [subnetOf("us-east-1a"), subnetOf("us-east-1b")] } })
    const offers = await offersOf(cloud, ["m7g.large"])
    expect(offers.map(({ arch, zone }) => [arch, zone])).toEqual([
      ["arm64", subnetOf("us-east-1a")],
      ["arm64", subnetOf("us-east-1b")],
    ])
    const prepared = await prepareOf(cloud, { image: IMAGES.arm64 })
    expect(prepared.notes.join()).toMatch(/ec2:DescribeImages is not allowed.*ec2:DescribeSubnets is not allowed/s)
    const calls = cloud.provider.split(wishFor(offers, 2, { spread: "zones", arch: "arm64" }), prepared, NO_ROOM)
    const launched = await cloud.run(Promise.all(calls.map((call) => cloud.provider.launch(call, cloud.bare()))))
    expect(launched.flatMap(({ instances }) => instances.map(({ zone }) => zone))).toEqual(["us-east-1a", "us-east-1b"])
  })

  test("is told which right it lacks when it asks for sizes", async () => {
    const cloud = await restricted()
    const query = { instanceTypes: ["m7i.large"], vcpus: { min: 2 }, markets: ["on-demand"] } as const
    await expect(cloud.run(cloud.provider.offers(query, cloud.bare()))).rejects.toMatchObject({
      code: "UnauthorizedOperation",
    })
  })
})

describe("launch", () => {
  const scope = { provider: "aws", region: "us-east-1", zone: ZONE, instanceType: "m7i.large", market: "on-demand" }

  test("that gets fewer says for how many it did not, and that it does not know why", async () => {
    const cloud = await ec2()
    cloud.world.setCapacity({ zone: ZONE }, 2)
    const { instances, failures, settled } = await launchOf(cloud, 5)
    expect([instances.length, settled]).toEqual([2, true])
    expect(failures).toMatchObject([{ reason: "capacity", count: 3, scope, ttlMs: 0, inferred: true }])
  })

  test("that gets none says so in EC2's words, after one request", async () => {
    const cloud = await ec2()
    cloud.world.setCapacity({ zone: ZONE }, 0)
    const { instances, failures } = await launchOf(cloud, 5)
    expect(instances).toEqual([])
    expect(failures).toMatchObject([{ reason: "capacity", count: 5, scope, code: "InsufficientInstanceCapacity" }])
    expect(failures[0]?.inferred).toBeUndefined()
    expect(cloud.world.ledger.count("RunInstances")).toBe(1)
  })

  test("above the quota says which", async () => {
    const cloud = await ec2()
    cloud.world.setQuota({ family: "standard", market: "on-demand", vcpus: 1 })
    const { failures } = await launchOf(cloud, 5)
    expect(failures).toMatchObject([{ reason: "quota", count: 5, scope: { family: "standard", market: "on-demand" } }])
    expect(failures[0]?.message).toContain("L-1216C47A")
  })

  test("whose instances were terminated since is over, and remembers nothing against the pool", async () => {
    const cloud = await ec2()
    const [call] = cloud.provider.split(wishFor(await offersOf(cloud), 2), await prepareOf(cloud), NO_ROOM)
    if (call === undefined) throw new Error("no launch call")
    const first = await cloud.run(cloud.provider.launch(call, cloud.bare()))
    await cloud.run(cloud.provider.terminate(first.instances, cloud.bare()))
    await cloud.run(cloud.clock.sleep(60_000))
    const seen = await cloud.run(cloud.provider.launch(call, cloud.bare()))
    expect(seen).toMatchObject({ settled: true, failures: [] })
    expect(seen.instances.map(({ state }) => state)).toEqual(["terminated", "terminated"])
    await cloud.run(cloud.clock.sleep(2 * 3_600_000))
    const later = await cloud.run(cloud.provider.launch(call, cloud.bare()))
    expect(later).toMatchObject({
      settled: true,
      instances: [],
      failures: [{ reason: "interrupted", count: 2, ttlMs: 0 }],
    })
    expect(cloud.world.truth()).toHaveLength(2)
  })

  test("carries user data, image, shutdown behaviour and metadata options", async () => {
    const cloud = await ec2()
    const { instances } = await launchOf(cloud, 1)
    const request = cloud.world.instance(instances[0]?.id ?? "")?.attributes.request as Record<string, unknown>
    expect(request).toMatchObject({
      ImageId: IMAGES.x86_64,
      SubnetId: subnetOf(ZONE),
      InstanceInitiatedShutdownBehavior: "terminate",
      MetadataOptions: { HttpTokens: "required", InstanceMetadataTags: "enabled" },
    })
    const script = Buffer.from(String(request.UserData), "base64").toString()
    expect(script).toMatch(/^#!\/bin\/sh\n/)
    expect(script).toContain(`export MUSTER_DEADLINE='${OWNER.deadline}'`)
    expect(script).toContain("echo hello")
  })
})
