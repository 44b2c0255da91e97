import { fits } from "../../src/offer.js"
import type { Calls, Offer, OfferQuery } from "../../src/provider.js"
import type { Send } from "./client.js"
import type { AwsOptions } from "./options.js"
import { typesOf } from "./types.js"
import { placesOf } from "./zones.js"

/**
 * Everything sold on demand that fits. Named subnets decide the zones; without them EC2 says which zones have a type.
 * Both are asked at once, one round trip before the first launch.
 *
 * A principal that may not read types still gets offers of the types it names, with vCPUs and memory unknown, unless
 * the query asks for ranges of them.
 *
 * @throws SpecError when a named type does not exist.
 */
export async function offers(
  send: Send,
  options: AwsOptions,
  query: OfferQuery,
  calls: Calls,
): Promise<readonly Offer[]> {
  if (!query.markets.includes("on-demand")) return []
  const [types, places] = await Promise.all([typesOf(send, query, calls), placesOf(send, options, query, calls)])
  return types
    .flatMap((type) =>
      places(type.instanceType).map(
        (zone): Offer => ({ provider: "aws", region: options.region, zone, market: "on-demand", ...type }),
      ),
    )
    .filter((offer) => fits(offer, query))
}
