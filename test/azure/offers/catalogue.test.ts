/** What is sold, at what price, and how much of it we may have: rows as "Resource Skus", "Usage" and the price list have them. */
import { describe, expect, test } from "vitest"
import { launchOf, refusal, scripted } from "../support/scripted.js"
import { wishFor } from "../../support/wishes.js"

describe("offers", () => {
  const capability = (name: string, value: string) => ({ name, value })
  const sku = (name: string, family: string, [vcpus, memory, gpus]: readonly number[], rest: object = {}) => ({
    resourceType: "virtualMachines",
    name,
    family,
    locations: ["WestEurope"],
    locationInfo: [{ location: "WestEurope", zones: ["2", "1"], zoneDetails: [] }],
    capabilities: [
      capability("vCPUs", String(vcpus)),
      capability("MemoryGB", String(memory)),
      capability("GPUs", String(gpus ?? 0)),
      capability("LowPriorityCapable", "True"),
    ],
    restrictions: [],
    ...rest,
  })
  const price = (armSkuName: string, retailPrice: number, rest: object = {}) => ({
    armSkuName,
    retailPrice,
    skuName: armSkuName.replace("Standard_", "").replace("_", " "),
    meterName: armSkuName.replace("Standard_", "").replace("_", " "),
    productName: "Virtual Machines Series",
    unitOfMeasure: "1 Hour",
    type: "Consumption",
    ...rest,
  })
  const pricesOf = async (skus: readonly object[], rows: readonly object[]) => {
    const arm = await scripted(({ path }) => {
      if (path.endsWith("/skus")) return { body: { value: skus, nextLink: null } }
      return path === "/api/retail/prices" ? { body: { Items: rows, NextPageLink: null } } : undefined
    })
    const offers = await arm.provider.offers({ markets: ["on-demand", "spot"], zones: ["regional"] }, arm.calls)
    return Object.fromEntries(offers.map((offer) => [`${offer.instanceType} ${offer.market}`, offer.pricePerHour]))
  }

  test("of all rows of a size the Linux one of its market counts", async () => {
    const name = "Standard_D2s_v5"
    const rows = [
      price(name, 0.188, { productName: "Virtual Machines Dsv5 Series Windows" }),
      price(name, 0.096, { effectiveStartDate: "2021-11-01T00:00:00Z" }),
      price(name, 519, { type: "Reservation", reservationTerm: "1 Year" }),
      price(name, 0.019, { meterName: "D2s v5 Low Priority", skuName: "D2s v5 Low Priority" }),
      price(name, 0.02, { meterName: "D2s v5 Spot", skuName: "Standard_D2s_v5 Spot" }),
      price(name, 0.03, { meterName: "D2s v5 Spot", productName: "Virtual Machines Dsv5 Series Windows" }),
      price(name, 0.01, { productName: "Dsv5 Series Cloud Services" }),
      price(name, 0.01, { unitOfMeasure: "1 Month" }),
      price(name, 0, {}),
      {},
    ]
    expect(await pricesOf([sku(name, "f", [2, 8])], rows)).toEqual({
      [`${name} on-demand`]: 0.096,
      [`${name} spot`]: 0.02,
    })
  })

  /** As the price list has had them: within a family a vCPU costs more the more memory or GPU comes with it. */
  test.each([
    [
      "burstable sizes",
      { B1ls: [1, 0.5, 0, 0.0052], B1s: [1, 1, 0, 0.0104], B2s: [2, 4, 0, 0.0416], B2ms: [2, 8, 0, 0.0832] },
    ],
    ["one GPU with more vCPUs", { NC4as: [4, 28, 1, 0.526], NC16as: [16, 110, 1, 1.204], NC64as: [64, 440, 4, 4.352] }],
    ["more memory", { DS1_v2: [1, 3.5, 0, 0.073], DS5_v2: [16, 56, 0, 1.17], DS11_v2: [2, 14, 0, 0.185] }],
  ])("%s of one family all have their prices", async (_what, sizes) => {
    const all = Object.entries(sizes)
    const skus = all.map(([name, facts]) => sku(name, "f", facts))
    const found = await pricesOf(
      skus,
      all.map(([name, facts]) => price(name, facts[3] ?? 0)),
    )
    for (const [name, facts] of all) expect(found[`${name} on-demand`]).toBe(facts[3])
  })

  test("sizes that may not be read keep the prices of their names", async () => {
    const names = ["Standard_D2s_v5", "Standard_D96s_v5"]
    const rows = [price("Standard_D2s_v5", 0.096), price("Standard_D96s_v5", 4.608)]
    const arm = await scripted(({ path }) => {
      if (path.endsWith("/skus")) return refusal(403, "AuthorizationFailed", "no")
      return path === "/api/retail/prices" ? { body: { Items: rows, NextPageLink: null } } : undefined
    })
    const offers = await arm.provider.offers({ markets: ["on-demand"], instanceTypes: names }, arm.calls)
    expect(offers.map(({ pricePerHour }) => pricePerHour)).toEqual([0.096, 4.608])
  })

  test("a spot price above the one on demand is of another product", async () => {
    const rows = [price("A", 0.1), price("A", 0.15, { meterName: "A Spot" })]
    expect(await pricesOf([sku("A", "f", [2, 8])], rows)).toEqual({ "A on-demand": 0.1, "A spot": undefined })
  })

  test("sizes of other locations, and what is no VM, are not offered; nor is a zone that is barred", async () => {
    const barred = {
      restrictions: [
        {
          type: "Zone",
          values: ["westeurope"],
          restrictionInfo: { locations: ["westeurope"], zones: ["1"] },
          reasonCode: "NotAvailableForSubscription",
        },
      ],
    }
    const skus = [
      sku("Here", "f", [2, 8], barred),
      sku("There", "f", [2, 8], { locations: ["eastus"] }),
      { resourceType: "disks", name: "Premium_LRS", locations: ["westeurope"] },
      sku("Gone", "f", [2, 8], { restrictions: [{ type: "Location", values: ["westeurope"], reasonCode: "QuotaId" }] }),
    ]
    const arm = await scripted(({ path }) => (path.endsWith("/skus") ? { body: { value: skus } } : undefined))
    const offers = await arm.provider.offers({ markets: ["on-demand"] }, arm.calls)
    expect(offers.map(({ instanceType, zone }) => `${instanceType} ${zone}`)).toEqual(["Here 2", "Here regional"])
  })
})

test("quotas: what an answer leaves out is nothing", async () => {
  const value = [
    { limit: 20, unit: "Count", currentValue: 4, name: { value: "cores", localizedValue: "Total Regional vCPUs" } },
    { limit: 10, unit: "Count", name: { value: "STANDARDDSV5FAMILY", localizedValue: "Standard DSv5 Family vCPUs" } },
    { unit: "Count", name: null },
  ]
  const arm = await scripted(({ path }) => (path.endsWith("/usages") ? { body: { value } } : undefined))
  const { offers } = launchOf()
  expect(await arm.provider.headroom?.(wishFor(offers, 1), arm.calls)).toMatchObject([
    { name: "Total Regional vCPUs", limit: 20, used: 4 },
    { name: "Standard DSv5 Family vCPUs", limit: 10, used: 0, scope: { family: "standardDSv5Family" } },
  ])
})
