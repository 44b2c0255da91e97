import type { Calls, Gpu, Market, Offer, OfferQuery, Range } from "../../src/provider.js"
import { type Prices, priceKey, pricesOf } from "./prices.js"
import type { Azure } from "./send.js"
import { type SizeFacts, sizesOf } from "./skus.js"

/**
 * Everything sold that fits: each size in each zone that has it, and once more for no zone, which reaches hardware that no
 * request for a zone does and comes last.
 *
 * A principal that may not read sizes still gets offers of the sizes it names, without vCPUs and memory, unless
 * the query asks for ranges of them.
 *
 * @throws SpecError when a named size does not exist or is not for this subscription.
 */
export async function offers(azure: Azure, query: OfferQuery, calls: Calls): Promise<readonly Offer[]> {
  calls.signal.throwIfAborted()
  const sizes = (await sizesOf(azure, query, calls)).filter((size) => fits(size, query))
  if (sizes.length === 0) return []
  const prices = await pricesOf(azure, sizes, calls)
  return sizes.flatMap((size) =>
    size.zones
      .filter((zone) => query.zones?.includes(zone) ?? true)
      .flatMap((zone) =>
        query.markets
          .filter((market) => market === "on-demand" || size.isSpot)
          .map((market) => offerOf(azure.options.location, size, { zone, market }, prices)),
      ),
  )
}

function offerOf(
  region: string,
  size: SizeFacts,
  pool: { readonly zone: string; readonly market: Market },
  prices: Prices,
): Offer {
  const { zones: _zones, isSpot: _isSpot, paidVcpus: _paid, ...facts } = size
  const price = prices.get(priceKey(size.instanceType, pool.market))
  return { provider: "azure", region, ...pool, ...facts, ...(price === undefined ? {} : { pricePerHour: price }) }
}

function fits(size: SizeFacts, query: OfferQuery): boolean {
  return (
    (query.arch === undefined || query.arch === size.arch) &&
    within(size.vcpus ?? 0, query.vcpus) &&
    within(size.memoryGiB ?? 0, query.memoryGiB) &&
    within(size.localDiskGiB ?? 0, query.localDiskGiB) &&
    gpuFits(size.gpu, query.gpu)
  )
}

function gpuFits(gpu: Gpu | undefined, asked: OfferQuery["gpu"]): boolean {
  if (asked === undefined) return true
  const isNamed = asked.name === undefined || asked.name.toLowerCase() === gpu?.name.toLowerCase()
  return gpu !== undefined && isNamed && gpu.count >= (asked.count ?? 1)
}

function within(value: number, range: Range | undefined): boolean {
  return value >= (range?.min ?? 0) && value <= (range?.max ?? Number.POSITIVE_INFINITY)
}
