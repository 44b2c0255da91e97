/** What offers cost: the user's own table first, then Google's list prices. A price that cannot be had is not an error. */
import type { Calls, Offer } from "../../../src/provider.js"
import { billingEndpoint, readSkus } from "./billing.js"
import type { Connection } from "../client/send.js"
import type { GcpOptions } from "../options.js"
import { composedPrice, type UnitPrices, unitPricesOf } from "./skus.js"

export type Price = Pick<Offer, "pricePerHour" | "priceSource">

/** `priceSource` of the prices that the user has given. */
export const OWN_TABLE = "your table"

/** Empty when the price is not known. */
export type PriceOf = (offer: Omit<Offer, "provider" | "region">) => Price

/**
 * Prices of this region. The catalogue is not asked where the table has all that is wanted.
 *
 * @param instanceTypes what is asked for by name; undefined: anything.
 */
export async function pricesOf(
  connection: Connection,
  options: GcpOptions,
  asked: { readonly instanceTypes?: readonly string[] | undefined; readonly markets: readonly Offer["market"][] },
  calls: Calls,
): Promise<PriceOf> {
  const { instanceTypes, markets } = asked
  const isAllNamed =
    instanceTypes?.every((type) => markets.every((market) => tablePrice(options, type, market) !== undefined)) ?? false
  const units = isAllNamed ? new Map() : await unitPrices(connection, options, calls)
  return (offer) => {
    const own = tablePrice(options, offer.instanceType, offer.market)
    if (own !== undefined) return { pricePerHour: own, priceSource: OWN_TABLE }
    const listed = composedPrice(units, offer)
    return listed === undefined ? {} : { pricePerHour: listed, priceSource: "Cloud Billing Catalog" }
  }
}

function tablePrice({ prices }: GcpOptions, instanceType: string, market: Offer["market"]): number | undefined {
  return prices?.[instanceType]?.[market]
}

/** Without the right, the API or the network there is no price; only an abort is the caller's own. */
async function unitPrices(connection: Connection, options: GcpOptions, calls: Calls): Promise<UnitPrices> {
  const endpoint = billingEndpoint(options)
  if (endpoint === undefined) return new Map()
  try {
    return unitPricesOf(await readSkus(connection, endpoint, options.region, calls), options.region)
  } catch {
    calls.signal.throwIfAborted()
    return new Map()
  }
}
