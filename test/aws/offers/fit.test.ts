/** What is sold and does not fit what is asked for: other vendors' GPUs, parts of one, places and images of another kind. */
import { describe, expect, test } from "vitest"
import { type AwsOptions, aws } from "../../../providers/aws/index.js"
import { EC2_TYPES, IMAGES, subnetOf } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import type { Offer, OfferQuery } from "../../../src/provider.js"
import { toMusterError } from "../../../providers/aws/client/errors.js"
import type { TypeSpec } from "../../../src/simulator/index.js"
import { type Cloud, ec2, prepareOf } from "../support/cloud.js"

const GPU = { family: "g-vt", arch: "x86_64", price: { "on-demand": 0.4, spot: 0.1 } } as const

/** Real ones: a Radeon, a GPU that the image's driver has dropped, an eighth of one, and one that is sold in blocks alone. */
const MORE: readonly TypeSpec[] = [
  { ...GPU, name: "g4ad.xlarge", vcpus: 4, memoryGiB: 16, gpu: { name: "Radeon Pro V520", count: 1, memoryGiB: 8 } },
  { ...GPU, name: "p3.2xlarge", family: "p", vcpus: 8, memoryGiB: 61, gpu: { name: "V100", count: 1, memoryGiB: 16 } },
  { ...GPU, name: "g6f.large", vcpus: 2, memoryGiB: 8, gpu: { name: "L4", count: 1, memoryGiB: 3 } },
  { ...GPU, name: "p5e.48xlarge", family: "p", vcpus: 192, memoryGiB: 2048, gpu: { name: "H200", count: 8 } },
]

const LAX = "us-east-1-bos-1a"

function cloudWith(options: Partial<AwsOptions> = {}, zones?: readonly string[]): Promise<Cloud> {
  const world = { types: [...EC2_TYPES, ...MORE], ...(zones === undefined ? {} : { zones }) }
  return ec2({ world, aws: { subnetIds: undefined, imageId: undefined, ...options } })
}

/** As the core asks: for what boots the group's image, or the provider's own. */
async function found(cloud: Cloud, query: Partial<OfferQuery>): Promise<{ offers: readonly Offer[]; notes: string[] }> {
  const notes: string[] = []
  const calls = { ...cloud.bare(), note: (words: string) => void notes.push(words) }
  const offers = await cloud.run(cloud.provider.offers({ markets: ["on-demand"], boots: {}, ...query }, calls))
  return { offers, notes }
}

const typesOf = (offers: readonly Offer[]) => [...new Set(offers.map(({ instanceType }) => instanceType))].sort()

describe("GPUs", () => {
  test("an unnamed one is NVIDIA's, whole, and one that the image's driver serves", async () => {
    const { offers } = await found(await cloudWith(), { gpu: { count: 1 } })
    expect(typesOf(offers)).toEqual(["g6.xlarge", "p4d.24xlarge"])
  })

  test("a part of one is not a whole one", async () => {
    const { offers } = await found(await cloudWith(), { gpu: {}, instanceTypes: ["g6f.large"] })
    expect(offers).toEqual([])
    const { offers: any } = await found(await cloudWith(), { instanceTypes: ["g6f.large"] })
    expect(any[0]?.gpu).toMatchObject({ name: "L4", count: 0.125 })
  })

  test("any vendor's for an image of one's own", async () => {
    const own = { gpu: { count: 1 }, boots: { image: IMAGES.x86_64 } }
    const { offers } = await found(await cloudWith(), own)
    expect(typesOf(offers)).toEqual(["g4ad.xlarge", "g6.xlarge", "p3.2xlarge", "p4d.24xlarge"])
    expect(typesOf((await found(await cloudWith({ imageId: IMAGES.x86_64 }), { gpu: { count: 1 } })).offers)).toEqual(
      typesOf(offers),
    )
  })

  test.each([
    ["by name", { gpu: { name: "v100" } }, /p3\.2xlarge has a V100, which the driver.*Turing.*imageId/],
    ["by type", { gpu: {}, instanceTypes: ["p3.2xlarge"] }, /p3\.2xlarge has a V100/],
    ["of another vendor", { gpu: {}, instanceTypes: ["g4ad.xlarge"] }, /has a GPU of AMD \(Radeon Pro V520\)/],
  ])("one that is named and cannot be driven is refused (%s)", async (_what, query, words) => {
    await expect(found(await cloudWith(), query)).rejects.toThrow(words)
  })

  test("beside another type it is left out, and that is said", async () => {
    const { offers, notes } = await found(await cloudWith(), { gpu: {}, instanceTypes: ["g4ad.xlarge", "g6.xlarge"] })
    expect(typesOf(offers)).toEqual(["g6.xlarge"])
    expect(notes).toEqual([expect.stringMatching(/g4ad\.xlarge has a GPU of AMD.*left out/)])
  })
})

describe("Local and Wavelength Zones", () => {
  const ZONES = ["us-east-1a", "us-east-1b", LAX]

  test("are not used unless they are named", async () => {
    const cloud = await cloudWith({}, ZONES)
    const { offers } = await found(cloud, { instanceTypes: ["m7i.large"] })
    expect(offers.map(({ zone }) => zone)).toEqual(["us-east-1a", "us-east-1b"])
    const cluster = new Cluster(
      { name: "render", provider: cloud.provider, instanceType: "m7i.large", spread: "zones" },
      { clock: cloud.clock, seed: 1, journal: false },
    )
    await cloud.run(cluster.scale(6))
    expect(new Set(cluster.workers.map(({ zone }) => zone))).toEqual(new Set(["us-east-1a", "us-east-1b"]))
    await cloud.run(cluster.close())
  })

  test("nor where offerings may not be read", async () => {
    const cloud = await cloudWith({}, ZONES)
    cloud.wire.answers.give({
      api: "DescribeInstanceTypeOfferings",
      place: "whole",
      code: "UnauthorizedOperation",
      message: "No.",
    })
    const { offers } = await found(cloud, { instanceTypes: ["m7i.large"] })
    expect(offers.map(({ zone }) => zone)).toEqual(["us-east-1a", "us-east-1b"])
  })

  test("named, they have their own price or none", async () => {
    const pricing = { send: async () => ({ PriceList: [PRICED] }) }
    const price = async (query: Partial<OfferQuery>, options: Partial<AwsOptions> = {}) => {
      const cloud = await cloudWith({ clients: { pricing }, ...options }, ZONES)
      const { offers } = await found(cloud, { instanceTypes: ["m7i.large"], ...query })
      return offers.map(({ zone, pricePerHour }) => [zone, pricePerHour])
    }
    expect(await price({ zones: [LAX, "us-east-1a"] })).toEqual([
      ["us-east-1a", 0.1008],
      [LAX, undefined],
    ])
    expect(await price({}, { subnetIds: [{ id: subnetOf(LAX), zone: LAX }] })).toEqual([[LAX, undefined]])
    expect(await price({ zones: [LAX] }, { prices: { "m7i.large": 0.2 } })).toEqual([[LAX, 0.2]])
    expect(await price({ zones: [LAX], markets: ["spot"] })).toEqual([[LAX, expect.any(Number)]])
  })

  const PRICED = JSON.stringify({
    product: { attributes: { instanceType: "m7i.large" } },
    terms: { OnDemand: { one: { priceDimensions: { one: { unit: "Hrs", pricePerUnit: { USD: "0.1008" } } } } } },
  })

  test.each([LAX, "us-east-1-wl1-bos-wlz-1", "us-west-2-lax-1b", "eu-west-2a"])("%s is a zone's name", (zone) => {
    expect(() => aws({ region: "us-east-1", subnetIds: [{ id: subnetOf(zone), zone }] })).not.toThrow()
  })

  test.each(["us-east-1", "us-east-1-wl1-bos-wlz-", "useast1a"])("%s is none", (zone) => {
    expect(() => aws({ region: "us-east-1", subnetIds: [{ id: subnetOf(zone), zone }] })).toThrow(
      /give the zone's name/,
    )
  })
})

describe("images", () => {
  const IMAGE = "ami-0badbadbadbadbad0"

  async function cloudOf(image: object, options: Partial<AwsOptions> = {}): Promise<Cloud> {
    const cloud = await cloudWith({ imageId: IMAGE, ...options })
    const { attributes } = cloud.world.resources.get("image", IMAGES.x86_64) ?? { attributes: {} }
    cloud.world.resources.add({ kind: "image", id: IMAGE, tags: {}, attributes: { ...attributes, ...image } })
    return cloud
  }

  test.each([
    ["of the options", {}, /aws\.imageId: is ami-0badbadbadbadbad0, an image of Windows.*#!\/bin\/sh/],
    ["of the group", { image: IMAGE }, /groups\.default\.image: is ami-0badbadbadbadbad0, an image of Windows/],
  ])("Windows is refused (%s)", async (_what, group, words) => {
    const cloud = await cloudOf({ platform: "Windows", usageOperation: "RunInstances:0002" })
    await expect(prepareOf(cloud, group)).rejects.toThrow(words)
    expect(cloud.world.ledger.of("RunInstances")).toEqual([])
  })

  test.each([
    ["RunInstances", 0.035],
    ["RunInstances:0010", undefined],
  ])("with %s spot costs %s", async (usageOperation, price) => {
    const query = { instanceTypes: ["m7i.large"], markets: ["spot"] } as const
    const { offers } = await found(await cloudOf({ usageOperation }), query)
    const known = price === undefined ? undefined : expect.closeTo(price, 2)
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([known, known, known, known])
    const table = await found(await cloudOf({ usageOperation }, { prices: { "m7i.large": { spot: 0.5 } } }), query)
    expect(table.offers[0]).toMatchObject({ pricePerHour: 0.5, priceSource: "your table" })
  })

  test("an image that does not answer leaves named types as they are", async () => {
    const cloud = await cloudOf({})
    cloud.world.faults.rate("DescribeImages", 1, { kind: "fail", error: "transient" })
    const { offers, notes } = await found(cloud, { instanceTypes: ["m7i.large"], markets: ["spot"] })
    expect(offers).toHaveLength(4)
    expect(notes.join()).toMatch(/whether the image's software costs more is not known/)
  })
})

describe("types that are sold in capacity blocks alone", () => {
  const RESERVATION = { id: "cr-0a1b2c3d4e5f67890", kind: "capacity-block" } as const
  const ONLY = { instanceTypes: ["p5e.48xlarge"] }

  test("fit with a block that is reserved, on demand", async () => {
    const cloud = await cloudWith({ reservation: RESERVATION })
    const { offers } = await found(cloud, { ...ONLY, markets: ["on-demand", "spot"] })
    expect(new Set(offers.map(({ market }) => market))).toEqual(new Set(["on-demand"]))
    const { offers: bySize } = await found(cloud, { gpu: { name: "H200", count: 8 } })
    expect(typesOf(bySize)).toEqual(["p5e.48xlarge"])
  })

  test.each([{}, { reservation: { id: RESERVATION.id } }])("and without one it is said how (%j)", async (options) => {
    await expect(found(await cloudWith(options), ONLY)).rejects.toThrow(/sold in capacity blocks only: reserve one/)
    await expect(found(await cloudWith(options), { gpu: { name: "H200" } })).rejects.toThrow(/name it in reservation/)
  })
})

test("a region that is not enabled is named, with what to do", () => {
  const native = Object.assign(new Error("not validated"), { name: "AuthFailure", $fault: "client", $metadata: {} })
  const { message } = toMusterError(native, { what: "listing instances", region: "ap-east-1" })
  expect(message).toContain("region ap-east-1 is enabled for the account")
  expect(message).toContain("aws account enable-region --region-name ap-east-1")
})
