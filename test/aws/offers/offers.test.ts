/** What is sold, by size and by price. */
import { describe, expect, test } from "vitest"
import { aws } from "../../../providers/aws/index.js"
import { IMAGES, subnetOf } from "../../../providers/aws/wire/index.js"
import type { OfferQuery } from "../../../src/provider.js"
import { anywhere, forbid, offersFor, onDemand } from "../support/found.js"

describe("offers by size", () => {
  test.each([
    [
      "vCPUs",
      { vcpus: { min: 8, max: 16 } },
      ["m7i.4xlarge", "c7i.4xlarge", "r7i.2xlarge", "c7g.4xlarge", "c6gd.2xlarge"],
    ],
    ["memory and processor", { memoryGiB: { min: 16 }, arch: "arm64" }, ["c7g.4xlarge", "c6gd.2xlarge"]],
    ["a GPU by name", { gpu: { name: "l4", count: 1 } }, ["g6.xlarge"]],
    ["any GPU", { gpu: {} }, ["g6.xlarge", "p4d.24xlarge"]],
    ["local disk", { localDiskGiB: { min: 400 } }, ["c6gd.2xlarge", "p4d.24xlarge"]],
    ["a GPU that is misspelt", { gpu: { name: "L400" } }, []],
  ] as const)("%s", async (_what, query, types) => {
    const cloud = await anywhere()
    const offers = await offersFor(cloud, { ...query, ...onDemand } as OfferQuery)
    expect(new Set(offers.map(({ instanceType }) => instanceType))).toEqual(new Set(types))
  })

  test("a spot price cap below every offer names the cheapest", async () => {
    const cloud = await anywhere({ maxSpotPrice: 0.001 })
    const query = { vcpus: { min: 2 }, markets: ["spot"] } as const
    await expect(offersFor(cloud, query)).rejects.toThrow(
      /maxSpotPrice: is 0\.001 USD.*cheapest is t3\.micro in us-east-1a at 0\.0036/,
    )
  })

  test("spot prices that may not be read are unknown, not an error", async () => {
    const cloud = await anywhere()
    forbid(cloud, "DescribeSpotPriceHistory")
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], markets: ["spot"] })
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([undefined, undefined, undefined, undefined])
  })

  test.each([
    ["DescribeSpotPriceHistory", /^prices are not known: reading spot prices/, false],
    ["DescribeInstanceTypeOfferings", /^which zones sell which types is not known: reading which zones/, true],
  ])("what does not answer (%s) is done without, told, and so not kept", async (api, words, isPriced) => {
    const cloud = await anywhere()
    cloud.world.faults.rate(api, 1, { kind: "fail", error: "transient" })
    const notes: string[] = []
    const calls = { ...cloud.bare(), note: (note: string) => void notes.push(note) }
    const query = { instanceTypes: ["m7i.large"], markets: ["spot"] } as const
    const offers = await cloud.run(cloud.provider.offers(query, calls))
    expect(offers.map(({ zone }) => zone)).toEqual(cloud.world.settings.zones)
    expect(offers.every(({ pricePerHour }) => (pricePerHour !== undefined) === isPriced)).toBe(true)
    expect(notes).toMatchObject([expect.stringMatching(words)])
  })

  test("the user's own table counts before what AWS says", async () => {
    const cloud = await anywhere({ prices: { "m7i.large": { onDemand: 0.07, spot: 0.02 } } })
    const offers = await offersFor(cloud, { instanceTypes: ["m7i.large"], markets: ["on-demand", "spot"] })
    expect(new Set(offers.map(({ market, pricePerHour }) => `${market} ${pricePerHour}`))).toEqual(
      new Set(["on-demand 0.07", "spot 0.02"]),
    )
    expect(new Set(offers.map(({ priceSource }) => priceSource))).toEqual(new Set(["your table"]))
    expect(cloud.world.ledger.entries.map(({ api }) => api)).not.toContain("DescribeSpotPriceHistory")
  })
})

test("spot prices are those in force, and say where they are from", async () => {
  const cloud = await anywhere()
  const query = { instanceTypes: ["m7i.large"], markets: ["spot"] } as const
  const before = await offersFor(cloud, query)
  expect(before.map(({ priceSource }) => priceSource)).toEqual(Array.from(before, () => "spot price history"))
  await cloud.run(cloud.clock.sleep(5 * 3_600_000))
  expect(await offersFor(cloud, query)).toEqual(before)
  await cloud.run(cloud.clock.sleep(2 * 3_600_000))
  const after = await offersFor(cloud, query)
  expect(after).not.toEqual(before)
  for (const [index, { pricePerHour = 0 }] of after.entries()) {
    expect(pricePerHour / (before[index]?.pricePerHour ?? 0)).toBeGreaterThan(0.85)
  }
})

describe("what is kept of them on disk", () => {
  const keyOf = (options: object) => aws({ region: "us-east-1", ...options }).limits.offersKey
  const subnetIds = [subnetOf("us-east-1a")]

  test("is kept apart for every option that changes it", () => {
    const keys = [
      {},
      { subnetIds },
      { prices: { "m7i.large": 0.07 } },
      { prices: { "m7i.large": 0.08 } },
      { maxSpotPrice: 1 },
      { imageId: { id: IMAGES.x86_64, arch: "x86_64", devices: ["/dev/sda1"] } },
    ].map(keyOf)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).not.toContain(undefined)
    expect(keyOf({ prices: { a: 1, b: 2 } })).toBe(keyOf({ prices: { b: 2, a: 1 } }))
    expect(keyOf({ keyName: "ops" })).toBe(keyOf({}))
  })

  test("is nothing with a client of the user's own, which may lead anywhere", () => {
    const client = { send: () => Promise.reject(new Error("nobody")) }
    for (const options of [{ client }, { clients: { pricing: client } }]) {
      expect(aws({ region: "us-east-1", ...options }).limits.offersFreshMs).toBeUndefined()
    }
  })
})
