/**
 * From the Cloud Billing Catalog's SKUs to prices of vCPUs, memory, GPUs and local SSDs. Pure. A SKU says what it prices only
 * in its description ("Spot Preemptible N2D AMD Instance Core running in Frankfurt"), so nothing is taken that is not read
 * to its last word: custom types, sole tenancy, reservations and commitments have other descriptions, and other prices.
 */
import type { Market, Offer } from "../../../src/provider.js"
import { seriesOf } from "../client/refusals/series.js"

/** What we read of a SKU ("services.skus.list"). */
export interface NativeSku {
  readonly description?: string
  readonly category?: {
    readonly resourceFamily?: string
    readonly resourceGroup?: string
    readonly usageType?: string
  }
  readonly serviceRegions?: readonly string[]
  readonly pricingInfo?: readonly {
    readonly pricingExpression?: {
      readonly usageUnit?: string
      readonly tieredRates?: readonly {
        readonly startUsageAmount?: number
        readonly unitPrice?: {
          readonly currencyCode?: string
          /** int64, hence a text. */
          readonly units?: string
          readonly nanos?: number
        }
      }[]
    }
  }[]
}

/** USD per hour of one unit by its key; undefined where SKUs contradict each other. */
export type UnitPrices = ReadonlyMap<string, number | undefined>

/** "A month has 730 hours" ("Disk and image pricing"). */
const HOURS_PER_MONTH = 730

/** Units of a price, and the hours that they stand for ("usageUnit"). */
const CORE_UNITS: Readonly<Record<string, number>> = { h: 1 }
const MEMORY_UNITS: Readonly<Record<string, number>> = { "GiBy.h": 1 }
const DISK_UNITS: Readonly<Record<string, number>> = { "GiBy.h": 1, "GiBy.mo": HOURS_PER_MONTH }

/** The series with the catalogue's own name; each other is its name in capitals, with its make of processor or without. */
const NAMED: Readonly<Record<string, string>> = { "COMPUTE OPTIMIZED": "c2" }

const MACHINE =
  /^(Spot Preemptible )?([A-Za-z0-9]+|Compute optimized)(?: (?:AMD|Arm|Predefined|Memory-optimized))?(?: Instance)? (Core|Ram) running in \S/
const GPU = /^N(?:vidia|VIDIA) (?:Tesla )?([\w -]+?) GPU (attached to Spot Preemptible VMs )?running in \S/
const COMMON_SSD = /^SSD backed Local Storage( attached to Spot Preemptible VMs)?(?: in \S.*)?$/
const SERIES_SSD = /^(Spot Preemptible )?([A-Z0-9]+) Instance Local SSD running in \S/

/** All that can be read for sure of these SKUs, for one region. */
export function unitPricesOf(skus: readonly NativeSku[], region: string): UnitPrices {
  const prices = new Map<string, number | undefined>()
  for (const sku of skus) {
    const unit = sku.serviceRegions?.includes(region) ? unitOf(sku) : undefined
    const usd = unit === undefined ? undefined : usdPerHour(sku, unit.units)
    if (unit === undefined || usd === undefined) continue
    // The same thing at two prices: one of them is something else, and we cannot tell which.
    prices.set(unit.key, prices.has(unit.key) && prices.get(unit.key) !== usd ? undefined : usd)
  }
  return prices
}

interface Unit {
  readonly key: string
  readonly units: Readonly<Record<string, number>>
}

function unitOf({ description = "", category = {} }: NativeSku): Unit | undefined {
  const { resourceFamily, usageType } = category
  if (resourceFamily === "Storage") return ssdUnit(description, usageType)
  const market = marketOf(usageType)
  if (resourceFamily !== "Compute" || market === undefined) return undefined
  const isSpot = market === "spot"
  const machine = MACHINE.exec(description)
  if (machine !== null) {
    const [, spot, name = "", part] = machine
    if ((spot !== undefined) !== isSpot) return undefined
    const series = NAMED[name.toUpperCase()] ?? name.toLowerCase()
    return part === "Core"
      ? { key: `core/${series}/${market}`, units: CORE_UNITS }
      : { key: `memory/${series}/${market}`, units: MEMORY_UNITS }
  }
  const gpu = GPU.exec(description)
  if (gpu === null || (gpu[2] !== undefined) !== isSpot) return undefined
  return { key: `gpu/${wordsOf(gpu[1] ?? "")}/${market}`, units: CORE_UNITS }
}

/** Of the common local SSD the catalogue calls both markets "OnDemand": its description alone tells. */
function ssdUnit(description: string, usageType: string | undefined): Unit | undefined {
  if (marketOf(usageType) === undefined) return undefined
  const common = COMMON_SSD.exec(description)
  if (common !== null) return { key: `ssd/*/${common[1] === undefined ? "on-demand" : "spot"}`, units: DISK_UNITS }
  const [, spot, series = ""] = SERIES_SSD.exec(description) ?? []
  if (series === "") return undefined
  return { key: `ssd/${series.toLowerCase()}/${spot === undefined ? "on-demand" : "spot"}`, units: DISK_UNITS }
}

function marketOf(usageType: string | undefined): Market | undefined {
  return usageType === "OnDemand" ? "on-demand" : usageType === "Preemptible" ? "spot" : undefined
}

/** One price from the first unit on, in USD, above nothing: what has steps is not ours to interpret. */
function usdPerHour({ pricingInfo = [] }: NativeSku, units: Unit["units"]): number | undefined {
  const { usageUnit = "", tieredRates = [] } = pricingInfo.at(-1)?.pricingExpression ?? {}
  const hours = units[usageUnit]
  const [rate, ...steps] = tieredRates
  if (hours === undefined || steps.length > 0 || (rate?.startUsageAmount ?? 0) !== 0) return undefined
  const { currencyCode, units: whole = "0", nanos = 0 } = rate?.unitPrice ?? {}
  const usd = (Number(whole) + nanos / 1e9) / hours
  return currencyCode === "USD" && usd > 0 ? usd : undefined
}

/** "A100 80GB" and "A100-80GB", "H100 80GB Mega" and "H100-MEGA-80GB": the same words. */
function wordsOf(name: string): string {
  return name.toUpperCase().split(/[ -]/).sort().join("-")
}

/** Their vCPUs are shared, and billed by the part that one may use all the time ("VM instance pricing", shared-core). */
const SHARED_VCPUS: Readonly<Record<string, number>> = { "e2-micro": 0.25, "e2-small": 0.5, "e2-medium": 1 }

/** Machine types whose price is not the sum of their parts, or whose parts share a description with another series. */
const NOT_COMPOSED = /^(m[124]|z3|f1|g1)-|-custom-|^custom-|-metal/

/** Series of before local SSDs had prices of their own. */
const COMMON_SSD_SERIES = /^(n1|n2d?|c2d?|c3d?|a[23]|g2)$/

/** The sum of its parts, in USD per hour; undefined where the price of one of them is not known. */
export function composedPrice(prices: UnitPrices, offer: Omit<Offer, "provider" | "region">): number | undefined {
  const { instanceType, market, vcpus, memoryGiB, gpu, localDiskGiB = 0 } = offer
  if (vcpus === undefined || memoryGiB === undefined || NOT_COMPOSED.test(instanceType)) return undefined
  const series = seriesOf(instanceType)
  const ssd = COMMON_SSD_SERIES.test(series) ? "*" : series
  const parts: readonly (readonly [key: string, units: number])[] = [
    [`core/${series}/${market}`, SHARED_VCPUS[instanceType] ?? vcpus],
    [`memory/${series}/${market}`, memoryGiB],
    ...(gpu === undefined ? [] : [[`gpu/${wordsOf(gpu.name)}/${market}`, gpu.count] as const]),
    ...(localDiskGiB === 0 ? [] : [[`ssd/${ssd}/${market}`, localDiskGiB] as const]),
  ]
  return parts.reduce<number | undefined>((sum, [key, units]) => {
    const usd = prices.get(key)
    return sum === undefined || usd === undefined ? undefined : sum + usd * units
  }, 0)
}
