/**
 * The Cloud Billing Catalog's list of SKUs (cloudbilling.googleapis.com, v1), as that service writes it: the parts that the
 * wire's machine types are made of, and beside them SKUs of other things with similar descriptions.
 */
import type { JsonObject } from "../../../../src/provider.js"
import type { World } from "../../../../src/simulator/index.js"
import { seriesOf } from "../../client/refusals/series.js"
import type { Asked, Handler } from "../client/handler.js"
import { Refusal } from "../client/refusals.js"

export const SKUS_API = "cloudbilling.services.skus.list"
export const SKUS_PATH = "/v1/services/6F81-5844-456A/skus"

const PARAMETERS: ReadonlySet<string> = new Set([
  ...["pageSize", "pageToken", "currencyCode", "startTime", "endTime"],
  ...["fields", "alt", "prettyPrint", "key", "quotaUser"],
])

/** Series as the catalogue calls them, with USD an hour of a vCPU and of a GiB; on spot a third of it. */
const SERIES: Readonly<Record<string, readonly [name: string, core: number, memory: number]>> = {
  e2: ["E2 Instance", 21_811_590, 2_923_530],
  n1: ["N1 Predefined Instance", 31_611_000, 4_237_000],
  n2: ["N2 Instance", 31_611_000, 4_237_000],
  c2: ["Compute optimized", 33_980_000, 4_550_000],
  c4: ["C4 Instance", 34_650_000, 3_938_000],
  t2a: ["T2A Arm Instance", 27_500_000, 3_500_000],
  c4a: ["C4A Arm Instance", 30_000_000, 3_410_000],
  c3: ["C3 Instance", 33_982_000, 4_555_000],
  g2: ["G2 Instance", 24_989_880, 2_927_610],
  a2: ["A2 Instance", 31_611_000, 4_237_000],
}

const GPUS: Readonly<Record<string, number>> = {
  "Nvidia L4 GPU": 560_004_480,
  "Nvidia Tesla A100 GPU": 2_933_908_000,
  "Nvidia Tesla T4 GPU": 350_000_000,
}

interface Row {
  readonly description: string
  readonly family?: string
  readonly group: string
  readonly usage: string
  readonly unit: string
  readonly nanos: number
  readonly regions?: readonly string[]
}

function rowsOf(world: World): readonly Row[] {
  const sold = new Set([...world.offers.map(({ instanceType }) => seriesOf(instanceType))])
  const machines = Object.entries(SERIES)
    .filter(([series]) => sold.has(series))
    .flatMap(([, [name, core, memory]]) => machineRows(name, core, memory))
  const gpus = Object.entries(GPUS).flatMap(([name, nanos]) => [
    { description: `${name} running in Iowa`, group: "GPU", usage: "OnDemand", unit: "h", nanos },
    {
      description: `${name} attached to Spot Preemptible VMs running in Iowa`,
      group: "GPU",
      usage: "Preemptible",
      unit: "h",
      nanos: Math.round(nanos / 3),
    },
  ])
  const ssd = { family: "Storage", group: "LocalSSD", usage: "OnDemand", unit: "GiBy.mo" }
  return [
    ...machines,
    ...gpus,
    { ...ssd, description: "SSD backed Local Storage", nanos: 80_000_000 },
    { ...ssd, description: "SSD backed Local Storage attached to Spot Preemptible VMs", nanos: 48_000_000 },
  ]
}

/** The two parts on both markets; then a custom type's, a sole tenant's, a commitment's and another region's. */
function machineRows(name: string, core: number, memory: number): readonly Row[] {
  const part = (description: string, unit: string, nanos: number): readonly Row[] => {
    const group = name.startsWith("N1") ? "N1Standard" : unit === "h" ? "CPU" : "RAM"
    const row = { group, unit, nanos, usage: "OnDemand" }
    const custom = description.replace(/( Predefined)? (Core|Ram|Instance)/, " Custom $2")
    const tenant = description.replace(/ (Core|Ram|Instance)/, " Sole Tenancy $1")
    return [
      { ...row, description: `${description} running in Iowa` },
      {
        ...row,
        description: `Spot Preemptible ${description} running in Iowa`,
        usage: "Preemptible",
        nanos: Math.round(nanos / 3),
      },
      { ...row, description: `${custom} running in Iowa`, nanos: nanos * 1.05 },
      { ...row, description: `${tenant} running in Iowa`, nanos: nanos * 1.1 },
      { ...row, description: `Commitment v1: ${description} in Iowa for 1 Year`, usage: "Commit1Yr", nanos: nanos / 2 },
      { ...row, description: `${description} running in Frankfurt`, nanos: nanos * 1.3, regions: ["europe-west3"] },
    ]
  }
  return [...part(`${name} Core`, "h", core), ...part(`${name} Ram`, "GiBy.h", memory)]
}

function skuJson(
  { description, family = "Compute", group, usage, unit, nanos, regions }: Row,
  region: string,
): JsonObject {
  const skuId = description.length.toString(16).toUpperCase().padStart(4, "0")
  const unitPrice = {
    currencyCode: "USD",
    units: String(Math.floor(nanos / 1e9)),
    nanos: Math.round(nanos % 1e9),
  }
  return {
    name: `services/6F81-5844-456A/skus/${skuId}`,
    skuId,
    description,
    category: {
      serviceDisplayName: "Compute Engine",
      resourceFamily: family,
      resourceGroup: group,
      usageType: usage,
    },
    serviceRegions: regions ?? [region],
    pricingInfo: [
      {
        summary: "",
        pricingExpression: {
          usageUnit: unit,
          displayQuantity: 1,
          tieredRates: [{ startUsageAmount: 0, unitPrice }],
        },
        currencyConversionRate: 1,
        effectiveTime: "2026-01-01T00:00:00Z",
      },
    ],
    serviceProviderName: "Google",
    geoTaxonomy: { type: "REGIONAL", regions: regions ?? [region] },
  }
}

export const BILLING: Handler = {
  cost: () => ({ billing: 1 }),
  answer({ world, settings, parameters }: Asked) {
    const unknown = Object.keys(parameters).find((name) => !PARAMETERS.has(name))
    if (unknown !== undefined) {
      const message = `Invalid JSON payload received. Unknown name "${unknown}": Cannot bind query parameter.`
      throw new Refusal(400, "badRequest", message)
    }
    const { pageSize = "0", pageToken = "0" } = parameters
    const size = Math.min(Number(pageSize) || settings.skusPerPage, settings.skusPerPage)
    const all = rowsOf(world)
    const from = Number(pageToken)
    const end = from + size
    return {
      skus: all.slice(from, end).map((row) => skuJson(row, world.settings.region)),
      // The end of the list is an empty text.
      nextPageToken: end < all.length ? String(end) : "",
    }
  },
}
