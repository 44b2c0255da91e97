import { fits } from "../../../src/offer.js"
import type { Arch, Calls, Offer, OfferQuery } from "../../../src/provider.js"
import type { Azure } from "../client/send.js"
import { isEligible } from "./gpus.js"
import { licensedArchs } from "./images.js"
import { PRICE_SOURCE, priceKey, type Prices, pricesOf } from "./prices.js"
import { type SizeFacts, sizesOf } from "./types.js"

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
  // Sizes were chosen by name already, in any case of letters.
  const { instanceTypes: _named, ...asked } = query
  const sold = (await sizesOf(azure, query, calls)).map((size) => ({
    size,
    offers: poolsOf(azure.options.location, size, query).filter(
      (offer) => fits(offer, asked) && isEligible(offer.gpu, query),
    ),
  }))
  const fitting = sold.filter((one) => one.offers.length > 0)
  if (fitting.length === 0) return []
  const sizes = fitting.map(({ size }) => size)
  const [prices, licensed] = await Promise.all([pricesOf(azure, sizes, calls), licensedIn(azure, query, sizes, calls)])
  return fitting.flatMap((one) => one.offers.map((offer) => (licensed.has(offer.arch) ? offer : priced(offer, prices))))
}

/** Where the image is paid for as well, a price of the machine alone would be too low. */
async function licensedIn(azure: Azure, { boots }: OfferQuery, sizes: readonly SizeFacts[], calls: Calls) {
  if (boots === undefined) return new Set<Arch>()
  return licensedArchs(azure, boots.image, [...new Set(sizes.map(({ arch }) => arch))], calls)
}

function poolsOf(region: string, size: SizeFacts, { markets }: OfferQuery): readonly Offer[] {
  const { zones, isSpot, paidVcpus: _paid, ...facts } = size
  const sold = markets.filter((market) => market === "on-demand" || isSpot)
  return zones.flatMap((zone) => sold.map((market) => ({ provider: "azure", region, zone, market, ...facts })))
}

function priced(offer: Offer, prices: Prices): Offer {
  const pricePerHour = prices.get(priceKey(offer.instanceType, offer.market))
  return pricePerHour === undefined ? offer : { ...offer, pricePerHour, priceSource: PRICE_SOURCE }
}
