/** The public price list: another host, no login ("Azure Retail Prices REST API overview"). */
import { RejectedError } from "../../../src/errors.js"
import type { Calls, Market } from "../../../src/provider.js"
import { sharedRead } from "../../../src/client/shared-read.js"
import { cloudOf } from "../clouds.js"
import type { AzureOptions } from "../options.js"
import type { Azure } from "../client/send.js"
import type { SizeFacts } from "./types.js"

const API = "2023-01-01-preview"
const LIST = "RetailPrices"
export const PRICE_SOURCE = "Azure Retail Prices API"
/** Sizes named in one request's filter; more are read as the whole location. */
const NAMED = 15
/** A Windows row is about twice the Linux one. */
const TOO_DEAR = 1.5

interface NativePrice {
  readonly armSkuName?: string
  readonly skuName?: string
  readonly productName?: string
  readonly meterName?: string
  readonly retailPrice?: number
  readonly unitOfMeasure?: string
  readonly type?: string
}

/** USD per hour by size and market. */
export type Prices = ReadonlyMap<string, number>

export function priceKey(instanceType: string, market: Market): string {
  return `${instanceType.toLowerCase()}/${market}`
}

/** What cannot be read has no price; a burst does not wait for a price list that does not answer. */
export async function pricesOf(azure: Azure, sizes: readonly SizeFacts[], calls: Calls): Promise<Prices> {
  const endpoint = pricesEndpoint(azure.options)
  if (endpoint === undefined) return new Map()
  try {
    return plausible(new Map(await readPrices(azure, firstUrl(azure, endpoint, sizes), calls)), sizes)
  } catch (error) {
    if (calls.signal.aborted || !(error instanceof RejectedError)) throw error
    return new Map()
  }
}

/** Where the price list is; undefined where there is none. */
export function pricesEndpoint(
  options: Pick<AzureOptions, "cloud" | "endpoint" | "pricesEndpoint">,
): string | undefined {
  return (options.pricesEndpoint ?? cloudOf(options).prices)?.replace(/\/+$/, "")
}

const readPrices = sharedRead(async (azure: Azure, first: string, calls: Calls): Promise<Prices> => {
  const prices = new Map<string, number>()
  let url: string | undefined = first
  while (url !== undefined) {
    const page = await readPage(azure, url, calls)
    for (const price of page.Items ?? []) recordPrice(prices, price)
    const next: string | undefined = page.NextPageLink || undefined
    if (next === url) break
    url = next
  }
  return prices
})

interface Page {
  readonly Items?: readonly NativePrice[]
  readonly NextPageLink?: string | null
}

function firstUrl({ options }: Azure, endpoint: string, sizes: readonly SizeFacts[]): string {
  // In OData a quote is written twice.
  const names = sizes.map(({ instanceType }) => `armSkuName eq '${instanceType.replaceAll("'", "''")}'`)
  const named = names.length > 0 && names.length <= NAMED ? ` and (${names.join(" or ")})` : ""
  const filter = `serviceName eq 'Virtual Machines' and armRegionName eq '${options.location}' and priceType eq 'Consumption'${named}`
  return `${endpoint}/api/retail/prices?api-version=${API}&$filter=${encodeURIComponent(filter)}`
}

/** Every error is final: a retry would only delay the launch that the prices are for. */
function readPage(azure: Azure, url: string, calls: Calls): Promise<Page> {
  return calls.send(LIST, {}, async (attempt) => {
    try {
      const { status, body } = await azure.open(LIST, url, attempt.signal)
      if (status !== 200 || typeof body !== "object" || body === null) throw new Error(`HTTP ${status}`)
      return body as Page
    } catch (cause) {
      if (attempt.signal.aborted && calls.signal.aborted) throw attempt.signal.reason
      throw new RejectedError(`reading prices from ${new URL(url).origin}: ${String(cause)}`, { cause })
    }
  })
}

function recordPrice(prices: Map<string, number>, price: NativePrice): void {
  const { armSkuName, skuName = "", meterName = "", productName = "", retailPrice, unitOfMeasure, type } = price
  const isHourly = unitOfMeasure === "1 Hour" && (type === undefined || type === "Consumption")
  if (armSkuName === undefined || retailPrice === undefined || retailPrice <= 0 || !isHourly) return
  if (/windows|cloud\s?services/i.test(productName) || /low priority/i.test(`${skuName} ${meterName}`)) return
  const market: Market = /\bspot\b/i.test(`${skuName} ${meterName}`) ? "spot" : "on-demand"
  const key = priceKey(armSkuName, market)
  prices.set(key, Math.min(retailPrice, prices.get(key) ?? Number.POSITIVE_INFINITY))
}

/**
 * Price grows with size within a family, and no faster: what is far above what another size of it costs, were that one so much
 * larger, is of another product. Sizes of one family differ in memory and GPUs for each vCPU, so the largest of these counts.
 * Spot prices each have a discount of their own, and are never above the price on demand ("About Azure Spot Virtual Machines").
 */
function plausible(prices: Map<string, number>, sizes: readonly SizeFacts[]): Prices {
  const costOf = ({ instanceType }: SizeFacts, market: Market) => prices.get(priceKey(instanceType, market))
  const families = new Map<string, Priced[]>()
  for (const size of sizes) {
    const [cost, spot] = [costOf(size, "on-demand"), costOf(size, "spot")]
    if (cost === undefined) continue
    if (spot !== undefined && spot > cost) prices.delete(priceKey(size.instanceType, "spot"))
    // How large it is could not be read.
    if (size.vcpus === undefined) continue
    families.set(size.family, [...(families.get(size.family) ?? []), { size, cost }])
  }
  for (const members of families.values()) {
    const isTooDear = ({ size, cost }: Priced) =>
      members.some((other) => cost > other.cost * growth(size, other.size) * TOO_DEAR)
    for (const { size } of members.filter(isTooDear)) prices.delete(priceKey(size.instanceType, "on-demand"))
  }
  return prices
}

interface Priced {
  readonly size: SizeFacts
  readonly cost: number
}

/** How many times larger one size is than another, in what it has most of. */
function growth(size: SizeFacts, other: SizeFacts): number {
  const gpus = size.gpu === undefined || other.gpu === undefined ? 0 : size.gpu.count / other.gpu.count
  const memory = size.memoryGiB && other.memoryGiB ? size.memoryGiB / other.memoryGiB : 0
  return Math.max(size.paidVcpus / other.paidVcpus, memory, gpus)
}
