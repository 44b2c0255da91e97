import type { Calls, Gpu, Market, Offer, OfferQuery, Range } from "../../src/provider.js"
import type { Send } from "./client.js"
import { gpuNameOf } from "./families.js"
import type { GcpOptions } from "./options.js"
import { type TypeFacts, typesIn } from "./types.js"
import type { ZonesOf } from "./zones.js"

/**
 * Everything sold that fits, on both markets, in the zones that may be used; all zones are read at once. Priced from the
 * user's table where it has the type: Compute Engine's API has no prices.
 *
 * @throws SpecError when a named type is in none of the zones.
 */
export async function offers(
  send: Send,
  options: GcpOptions & { readonly zonesOf: ZonesOf },
  query: OfferQuery,
  calls: Calls,
): Promise<readonly Offer[]> {
  const usable = await options.zonesOf(calls)
  const zones = usable.filter((zone) => query.zones?.includes(zone) ?? true)
  if (zones.length === 0 || query.markets.length === 0) return []
  const types = await typesIn(send, options, { ...query, zones }, calls)
  return types
    .flatMap((type) => query.markets.map((market) => offerOf(options, type, market)))
    .filter((offer) => fits(offer, query))
}

function offerOf({ region, prices }: GcpOptions, type: TypeFacts, market: Market): Offer {
  const price = prices?.[type.instanceType]?.[market]
  return { provider: "gcp", region, market, ...type, ...(price === undefined ? {} : { pricePerHour: price }) }
}

function fits(offer: Offer, query: OfferQuery): boolean {
  return (
    (query.arch === undefined || query.arch === offer.arch) &&
    within(offer.vcpus, query.vcpus) &&
    within(offer.memoryGiB, query.memoryGiB) &&
    within(offer.localDiskGiB ?? 0, query.localDiskGiB) &&
    gpuFits(offer.gpu, query.gpu)
  )
}

/** By Google's name ("nvidia-l4") or the short one ("L4"). */
function gpuFits(gpu: Gpu | undefined, asked: OfferQuery["gpu"]): boolean {
  if (asked === undefined) return true
  if (gpu === undefined) return false
  const isNamed = asked.name === undefined || gpuNameOf(asked.name.toLowerCase()) === gpu.name
  return isNamed && gpu.count >= (asked.count ?? 1)
}

function within(value = 0, range: Range | undefined): boolean {
  return value >= (range?.min ?? 0) && value <= (range?.max ?? Number.POSITIVE_INFINITY)
}
