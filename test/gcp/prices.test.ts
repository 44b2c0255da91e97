/** Prices: composed of the catalogue's SKUs, the user's own before them, and none where anything is in doubt. */
import { describe, expect, test } from "vitest"
import { composedPrice, type NativeSku, unitPricesOf } from "../../providers/gcp/offers/skus.js"
import { gcp, type GcpOptions } from "../../providers/gcp/index.js"
import type { GceWireOptions } from "../../providers/gcp/wire/index.js"
import type { Market, Offer } from "../../src/provider.js"
import { type Cloud, gce, optionsFor } from "./support/cloud.js"

const SKUS = "cloudbilling.services.skus.list"

/** A Compute Engine whose billing catalogue is asked too. */
async function priced(options: Partial<GcpOptions> = {}, wire: Partial<GceWireOptions> = {}): Promise<Cloud> {
  const cloud = await gce({ wire })
  return { ...cloud, provider: gcp(optionsFor(cloud.wire, { billingEndpoint: cloud.wire.url, ...options })) }
}

async function offersOn(cloud: Cloud, markets: readonly Market[], instanceTypes?: readonly string[]) {
  const query = { markets, ...(instanceTypes === undefined ? {} : { instanceTypes }) }
  return cloud.run(cloud.provider.offers(query, cloud.bare()))
}

async function priceOf(cloud: Cloud, instanceType: string, market: Market = "on-demand"): Promise<Offer | undefined> {
  return (await offersOn(cloud, [market], [instanceType]))[0]
}

describe("from the catalogue", () => {
  test("vCPUs and memory of the type's own series, region and market, from all pages", async () => {
    const cloud = await priced({}, { skusPerPage: 10 })
    const onDemand = await priceOf(cloud, "n2-standard-4")
    expect(onDemand?.pricePerHour).toBeCloseTo(4 * 0.031611 + 16 * 0.004237, 9)
    expect(onDemand?.priceSource).toBe("Cloud Billing Catalog")
    expect(cloud.world.ledger.count(SKUS)).toBeGreaterThan(10)
    const spot = await priceOf(cloud, "n2-standard-4", "spot")
    expect(spot?.pricePerHour).toBeCloseTo((4 * 0.031611 + 16 * 0.004237) / 3, 6)
  })

  test.each([
    // "VM instance pricing": e2-small in Iowa is 0.016752855.
    ["e2-small", 0.016752855],
    ["n1-standard-8", 8 * 0.031611 + 30 * 0.004237],
    ["c2-standard-16", 16 * 0.03398 + 64 * 0.00455],
    ["t2a-standard-4", 4 * 0.0275 + 16 * 0.0035],
    ["g2-standard-4", 4 * 0.02498988 + 16 * 0.00292761 + 0.56000448],
    ["a2-highgpu-1g", 12 * 0.031611 + 85 * 0.004237 + 2.933908],
    // Its local SSD is billed by the month.
    ["c3-standard-4-lssd", 4 * 0.033982 + 16 * 0.004555 + (375 * 0.08) / 730],
  ])("%s: every part of it", async (instanceType, usd) => {
    expect((await priceOf(await priced(), instanceType))?.pricePerHour).toBeCloseTo(usd, 6)
  })

  test("a GPU and local SSDs that are attached by choice are parts as well", async () => {
    const cloud = await priced({ accelerator: { type: "nvidia-tesla-t4", count: 2 }, localSsds: 2 })
    const offer = await priceOf(cloud, "n1-standard-8", "spot")
    const machine = (8 * 0.031611 + 30 * 0.004237) / 3
    expect(offer?.pricePerHour).toBeCloseTo(machine + (2 * 0.35) / 3 + (750 * 0.048) / 730, 6)
  })

  test("one request for the whole catalogue, however many types", async () => {
    const cloud = await priced()
    const offers = await offersOn(cloud, ["on-demand", "spot"])
    expect(cloud.world.ledger.count(SKUS)).toBe(1)
    // The catalogue of the wire does not know this series.
    const unpriced = offers.filter(({ pricePerHour }) => pricePerHour === undefined)
    expect(new Set(unpriced.map(({ instanceType }) => instanceType))).toEqual(
      new Set(["n4a-standard-4", "z3-highmem-88-highlssd"]),
    )
  })
})

describe("from the user", () => {
  const prices = { "n2-standard-4": { "on-demand": 0.1, spot: 0.03 } }

  test("a table goes first, and where it says all nobody else is asked", async () => {
    const cloud = await priced({ prices })
    expect(await priceOf(cloud, "n2-standard-4")).toMatchObject({ pricePerHour: 0.1, priceSource: "your table" })
    expect(cloud.world.ledger.count(SKUS)).toBe(0)
    const [, other] = await offersOn(cloud, ["on-demand"], ["n2-standard-4", "n2-standard-16"])
    expect(other?.priceSource).toBeDefined()
    expect(cloud.world.ledger.count(SKUS)).toBe(1)
  })

  test("an endpoint of his own says nothing of Google's prices", async () => {
    const cloud = await gce()
    expect(await priceOf(cloud, "n2-standard-4")).not.toHaveProperty("pricePerHour")
    expect(cloud.world.ledger.count(SKUS)).toBe(0)
  })
})

describe("none", () => {
  test.each(["accessNotConfigured", "forbidden", "authError"])(
    "%s: offers without prices, asked once",
    async (code) => {
      const cloud = await priced()
      cloud.world.faults.rate(SKUS, 1, { kind: "fail", error: "auth", code })
      const offer = await priceOf(cloud, "n2-standard-4")
      expect(offer).toMatchObject({ instanceType: "n2-standard-4" })
      expect(offer).not.toHaveProperty("pricePerHour")
      expect(cloud.world.ledger.count(SKUS)).toBe(1)
    },
  )

  test("an outage is waited for once, not four times", async () => {
    const cloud = await priced()
    cloud.world.faults.rate(SKUS, 1, { kind: "fail", error: "transient" })
    const query = { markets: ["on-demand"] as const, instanceTypes: ["n2-standard-4"] }
    const [offer] = await cloud.run(cloud.provider.offers(query, cloud.calls()))
    expect(offer).not.toHaveProperty("pricePerHour")
    expect(cloud.world.ledger.count(SKUS)).toBe(1)
  })

  const sku = (description: string, nanos: number, change: Partial<NativeSku> = {}): NativeSku => ({
    description,
    category: { resourceFamily: "Compute", resourceGroup: "CPU", usageType: "OnDemand" },
    serviceRegions: ["us-central1"],
    pricingInfo: [priceInfo(nanos, description.includes(" Ram ") ? "GiBy.h" : "h")],
    ...change,
  })
  const priceInfo = (nanos: number, usageUnit: string, currencyCode = "USD", from = 0) => ({
    pricingExpression: {
      usageUnit,
      tieredRates: [{ startUsageAmount: from, unitPrice: { currencyCode, units: "0", nanos } }],
    },
  })
  const CORE = sku("N2 Instance Core running in Iowa", 30_000_000)
  const RAM = sku("N2 Instance Ram running in Iowa", 4_000_000)
  const N2 = {
    zone: "us-central1-a",
    instanceType: "n2-standard-4",
    market: "on-demand",
    family: "n2",
    arch: "x86_64",
    vcpus: 4,
    memoryGiB: 16,
  } as const
  const composed = (skus: readonly NativeSku[], offer: Partial<Offer> = {}) =>
    composedPrice(unitPricesOf(skus, "us-central1"), { ...N2, ...offer })

  test("both parts make a price, and a twin of one changes nothing", () => {
    expect(composed([CORE, RAM])).toBeCloseTo(0.184, 9)
    expect(composed([CORE, RAM, CORE])).toBeCloseTo(0.184, 9)
  })

  const WRONG: readonly (readonly [why: string, skus: readonly NativeSku[], offer?: Partial<Offer>])[] = [
    ["a part is missing", [CORE]],
    ["two SKUs contradict each other", [CORE, RAM, sku("N2 Instance Core running in Iowa", 31_000_000)]],
    ["another currency", [CORE, { ...RAM, pricingInfo: [priceInfo(4_000_000, "GiBy.h", "EUR")] }]],
    ["another unit", [CORE, { ...RAM, pricingInfo: [priceInfo(4_000_000, "GiBy.mo")] }]],
    ["a free allowance first", [CORE, { ...RAM, pricingInfo: [priceInfo(4_000_000, "GiBy.h", "USD", 10)] }]],
    ["nothing to pay", [CORE, sku("N2 Instance Ram running in Iowa", 0)]],
    ["another region", [CORE, { ...RAM, serviceRegions: ["europe-west3"] }]],
    ["a word too many", [CORE, sku("N2 Custom Instance Ram running in Iowa", 4_000_000)]],
    ["a word before it", [CORE, sku("Reserved N2 Instance Ram running in Iowa", 4_000_000)]],
    ["spot by its name only", [CORE, sku("Spot Preemptible N2 Instance Ram running in Iowa", 4_000_000)]],
    ["the other market", [CORE, RAM], { market: "spot" }],
    ["a custom type", [CORE, RAM], { instanceType: "n2-custom-4-16384" }],
    ["a GPU nobody prices", [CORE, RAM], { gpu: { name: "T4", count: 1 } }],
    ["a local disk nobody prices", [CORE, RAM], { localDiskGiB: 375 }],
    ["no price information", [CORE, { ...RAM, pricingInfo: [] }]],
  ]
  test.each(WRONG.map(([why, skus, offer = {}]) => ({ why, skus, offer })))("$why", ({ skus, offer }) => {
    expect(composed(skus, offer)).toBeUndefined()
  })

  test("series that share a description with another have none", () => {
    const parts = [
      sku("Memory-optimized Instance Core running in Iowa", 30_000_000),
      sku("Memory-optimized Instance Ram running in Iowa", 4_000_000),
    ]
    expect(composed(parts, { instanceType: "m1-megamem-96" })).toBeUndefined()
  })
})

test("what was run is billed for a minute at least", async () => {
  const { provider } = await gce()
  expect(provider.limits.leastBilledSeconds).toBe(60)
})
