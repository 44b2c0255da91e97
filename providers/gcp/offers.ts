import { fits } from "../../src/offer.js"
import type { Calls, Offer, OfferQuery } from "../../src/provider.js"
import type { Connection, Send } from "./client.js"
import { gpuNameOf } from "./families.js"
import type { GcpOptions } from "./options.js"
import { pricesOf } from "./prices.js"
import { typesIn } from "./types.js"
import type { ZonesOf } from "./zones.js"

export interface OfferMeans {
  readonly send: Send
  readonly connection: Connection
  readonly options: GcpOptions
  readonly zonesOf: ZonesOf
}

/**
 * Everything sold that fits, on both markets, in the zones that may be used, priced where a price is known. All zones and
 * the price list are read at once.
 *
 * @throws SpecError when a named type is in none of the zones.
 */
export async function offers(means: OfferMeans, query: OfferQuery, calls: Calls): Promise<readonly Offer[]> {
  const { send, connection, options, zonesOf } = means
  const { instanceTypes, markets } = query
  if (markets.length === 0) return []
  const pricing = pricesOf(connection, options, { instanceTypes, markets }, calls)
  // It may fail while zones are still read; whoever awaits it then hears of it.
  pricing.catch(() => {})
  const usable = await zonesOf(calls)
  const zones = usable.filter((zone) => query.zones?.includes(zone) ?? true)
  if (zones.length === 0) return []
  const [types, priceOf] = await Promise.all([typesIn(send, options, { ...query, zones }, calls), pricing])
  const asked = inGoogleWords(query)
  return types
    .flatMap((type) => markets.map((market) => ({ ...type, market })))
    .map((type) => ({ provider: "gcp", region: options.region, ...type, ...priceOf(type) }))
    .filter((offer) => fits(offer, asked))
}

/** A GPU by Google's name ("nvidia-l4") is the one by the short name ("L4"), which offers have. */
function inGoogleWords({ gpu, ...query }: OfferQuery): OfferQuery {
  if (gpu?.name === undefined) return gpu === undefined ? query : { ...query, gpu }
  return { ...query, gpu: { ...gpu, name: gpuNameOf(gpu.name.toLowerCase()) } }
}
