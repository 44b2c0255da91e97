/** Types that EC2 would refuse for what every launch says: not offered by size, and said where they are named. */
import { describe, expect, test } from "vitest"
import { type AwsOptions, aws } from "../../../providers/aws/index.js"
import { EC2_TYPES, IMAGES } from "../../../providers/aws/wire/index.js"
import { Cluster } from "../../../src/cluster.js"
import { SpecError } from "../../../src/errors.js"
import type { OfferQuery } from "../../../src/provider.js"
import type { TypeSpec } from "../../../src/simulator/index.js"
import { type Cloud, ec2 } from "../support/cloud.js"
import { forbid } from "../support/found.js"

/** Real ones: m1.small takes no encrypted disk, t2.micro boots by BIOS only and knows no ENA. */
const OLD: readonly TypeSpec[] = [
  { name: "m1.small", vcpus: 1, memoryGiB: 1.7, localDiskGiB: 149 },
  { name: "t2.micro", vcpus: 1, memoryGiB: 1 },
].map((type) => ({ ...type, family: "standard", arch: "x86_64", price: { "on-demand": 0.001, spot: 0.001 } }))

const IMAGE = "ami-0badbadbadbadbad0"

/** With one more image, of these attributes. */
async function cloudWith(image: object, options: Partial<AwsOptions> = {}): Promise<Cloud> {
  const cloud = await ec2({
    world: { types: [...EC2_TYPES, ...OLD] },
    aws: { subnetIds: undefined, ...options } as never,
  })
  const { attributes } = cloud.world.resources.get("image", IMAGES.x86_64) ?? { attributes: {} }
  cloud.world.resources.add({ kind: "image", id: IMAGE, tags: {}, attributes: { ...attributes, ...image } })
  return cloud
}

async function typesOn(cloud: Cloud, query: Partial<OfferQuery>): Promise<readonly string[]> {
  const offers = await cloud.run(cloud.provider.offers({ markets: ["on-demand"], ...query }, cloud.bare()))
  return [...new Set(offers.map(({ instanceType }) => instanceType))].sort()
}

const SMALL = { vcpus: { max: 2 }, arch: "x86_64" } as const
const NEW = ["c7i.large", "m7i.large", "t3.micro"]
const BOTH = [...NEW, "t2.micro"].sort()

describe("chosen by size", () => {
  test("none that takes no encrypted disk, unless the disks are the user's own", async () => {
    expect(await typesOn(await cloudWith({}), SMALL)).toEqual(BOTH)
    const own = await cloudWith({}, { overrides: { BlockDeviceMappings: [] } })
    expect(await typesOn(own, SMALL)).toEqual([...NEW, "m1.small", "t2.micro"].sort())
  })

  test.each([
    ["boots by UEFI", { bootMode: "uefi" }, NEW],
    ["boots by BIOS", { bootMode: "legacy-bios" }, BOTH],
    ["boots either way", { bootMode: "uefi-preferred" }, BOTH],
    ["has no ENA", { ena: false }, ["t2.micro"]],
  ])("none that cannot boot an image that %s", async (_what, image, types) => {
    expect(await typesOn(await cloudWith(image, { imageId: IMAGE }), SMALL)).toEqual(types)
    expect(await typesOn(await cloudWith(image), { ...SMALL, boots: { image: IMAGE } })).toEqual(types)
  })

  test("none of ARM for an image that boots by BIOS", async () => {
    const cloud = await cloudWith({ arch: "arm64", bootMode: "legacy-bios" })
    expect(await typesOn(cloud, { arch: "arm64", boots: { image: IMAGE } })).toEqual([])
  })

  test("none without a fabric adapter where one is asked for", async () => {
    expect(await typesOn(await cloudWith({}, { efa: true }), { arch: "x86_64" })).toEqual(["p4d.24xlarge"])
  })

  test("what an image that may not be read asks for is left to EC2", async () => {
    const cloud = await cloudWith({ bootMode: "uefi" }, { imageId: IMAGE })
    forbid(cloud, "DescribeImages")
    expect(await typesOn(cloud, SMALL)).toEqual(BOTH)
  })

  test("the image of a group counts before the options'", async () => {
    const cloud = await cloudWith({ bootMode: "uefi" })
    const spec = { name: "render", provider: cloud.provider, ...SMALL, image: IMAGE }
    const cluster = new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false })
    const { running } = await cloud.run(cluster.scale(2))
    expect(running).toBe(2)
    expect(new Set(cloud.world.truth().map(({ instanceType }) => instanceType))).toEqual(new Set(["t3.micro"]))
    expect(cloud.world.ledger.of("RunInstances").map(({ outcome }) => outcome)).toEqual(["ok"])
    await cloud.run(cluster.close())
  })

  test("a local disk on the smallest machine is not m1.small's", async () => {
    const cloud = await cloudWith({})
    const query = { arch: "x86_64", localDiskGiB: { min: 140 }, vcpus: { max: 2 } } as const
    expect(await typesOn(cloud, query)).toEqual([])
    expect(await typesOn(cloud, { ...query, vcpus: { max: 4 } })).toEqual(["g6.xlarge"])
  })
})

describe("named", () => {
  const NAMED = ["m1.small", "c7i.large"]

  test("beside others is left out, and that is said", async () => {
    const cloud = await cloudWith({})
    const notes: string[] = []
    const calls = { ...cloud.bare(), note: (words: string) => void notes.push(words) }
    const query = { instanceTypes: NAMED, markets: ["on-demand"] } as const
    const offers = await cloud.run(cloud.provider.offers(query, calls))
    expect(new Set(offers.map(({ instanceType }) => instanceType))).toEqual(new Set(["c7i.large"]))
    expect(notes).toEqual(["m1.small takes no encrypted disk, and is left out"])
    const spec = { name: "render", provider: cloud.provider, instanceType: NAMED }
    const plan = await cloud.run(new Cluster(spec, { clock: cloud.clock, seed: 1, journal: false }).plan(1))
    expect(String(plan)).toContain("m1.small takes no encrypted disk, and is left out")
  })

  test("with no other beside it is refused before anything is launched", async () => {
    const asked = typesOn(await cloudWith({}, { efa: true }), { instanceTypes: NAMED })
    await expect(asked).rejects.toThrow(SpecError)
    await expect(asked).rejects.toThrow(/m1\.small takes no encrypted disk.*c7i\.large has no Elastic Fabric Adapter/s)
  })

  test.each([
    ["bootMode", { bootMode: "uefi" }, "t2.micro", /does not support an AMI with a boot mode of UEFI/],
    ["ENA", { ena: false }, "c7i.large", /Elastic Network Adapter/],
  ])("is refused by EC2 for its image's %s, and only that type", async (_what, image, refused, words) => {
    const cloud = await cloudWith(image)
    const other = refused === "t2.micro" ? "c7i.large" : "t2.micro"
    const spec = { name: "render", provider: cloud.provider, image: IMAGE, order: "as-listed" } as const
    const cluster = new Cluster(
      { ...spec, instanceType: [refused, other] },
      { clock: cloud.clock, seed: 1, journal: false },
    )
    const { running } = await cloud.run(cluster.scale(2))
    expect(running).toBe(2)
    expect(new Set(cloud.world.truth().map(({ instanceType }) => instanceType))).toEqual(new Set([other]))
    // Refused in one zone and in another, it is the type.
    const asked = cloud.world.ledger.of("RunInstances").map(({ outcome }) => outcome !== "ok")
    expect(asked.filter((isRefused) => isRefused)).toHaveLength(2)
    expect(JSON.stringify(cluster.explain())).toMatch(words)
    await cloud.run(cluster.close())
  })
})

test("what is kept of offers on disk is kept apart by what launches need", () => {
  const keyOf = (options: object) => aws({ region: "us-east-1", ...options }).limits.offersKey
  const keys = [{}, { efa: true }, { imageId: IMAGE }, { overrides: { BlockDeviceMappings: [] } }].map(keyOf)
  expect(new Set(keys).size).toBe(keys.length)
})
