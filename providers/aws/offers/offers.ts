/** Offers: types, zones and prices, joined. */
import { SpecError, TransientError } from "../../../src/errors.js"
import { fits } from "../../../src/offer.js"
import type { Calls, Offer, OfferQuery } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { imageTraits, isForGpuImage } from "./image-traits.js"
import { type ImageTraits, type Needs, needsOf } from "./misfits.js"
import type { AwsOptions } from "../options.js"
import { mayReadPrices } from "./pricing.js"
import { type PriceOf, pricesOf, tablePrices } from "./prices.js"
import { hasAllFacts, type TypeFacts, typesOf } from "./types.js"
import { placesOf } from "./zones.js"

/**
 * Everything sold that fits, priced where a price is known. Named subnets decide the zones; without them EC2 says which
 * zones have a type. Types, zones and, for named types, prices are asked for at once.
 *
 * A principal that may not read types still gets offers of the types it names, with vCPUs and memory unknown, unless the
 * query asks for ranges of them. So does one whose request names type, subnet with zone, and image with its facts: then
 * nothing is asked, and the launch is the first request.
 *
 * By size only types come that can take what every launch says, and boot the image.
 *
 * @throws SpecError when a named type does not exist or none can take that, and when `maxSpotPrice` leaves nothing.
 */
export async function offers(
  send: Send,
  options: AwsOptions,
  query: OfferQuery,
  calls: Calls,
): Promise<readonly Offer[]> {
  const { instanceTypes, markets } = query
  const hasFacts = instanceTypes !== undefined && hasAllFacts(options)
  const price = (types: readonly string[]) =>
    hasFacts ? tablePrices(options) : pricesOf(send, options, { instanceTypes: types, markets }, calls)
  // What software costs is asked only where a price is.
  const isAbout = instanceTypes === undefined || markets.includes("spot") || mayReadPrices(options)
  const image = hasFacts || !isAbout ? undefined : traitsFor(send, options, query, calls)
  const needs = needsIn(options, query, image)
  const [types, places, early, traits] = await Promise.all([
    typesOf(send, { query, hasFacts, needs }, calls),
    placesOf(send, options, query, calls),
    instanceTypes === undefined ? undefined : price(instanceTypes),
    image,
  ])
  const sold = types
    .flatMap(({ markets: own, ...type }) => own.map((market) => ({ ...type, market })))
    .flatMap((type) => places(type.instanceType).map((zone) => offerOf(options, type, zone)))
    .filter((offer) => fits(offer, query))
  const read = early ?? (await price([...new Set(sold.map(({ instanceType }) => instanceType))]))
  // What is paid for an image's software is in no price that is read; the user's own table may have it.
  const priceOf = traits?.isLicensed === true ? tablePrices(options) : read
  return capped(
    options,
    sold.map((offer) => priced(offer, priceOf)),
  )
}

/** Named types are launched whether the image is known or not: what does not answer then leaves prices as they are. */
async function traitsFor(
  send: Send,
  options: AwsOptions,
  query: OfferQuery,
  calls: Calls,
): Promise<ImageTraits | undefined> {
  try {
    return await imageTraits(send, options, query, calls)
  } catch (error) {
    if (query.instanceTypes === undefined || !(error instanceof TransientError)) throw error
    calls.signal.throwIfAborted()
    calls.note?.(`whether the image's software costs more is not known: ${error.message}`)
    return undefined
  }
}

/** Of named types EC2 says itself which cannot boot the image, but not which have no driver in it. */
async function needsIn(
  options: AwsOptions,
  query: OfferQuery,
  image: Promise<ImageTraits | undefined> | undefined,
): Promise<Needs> {
  const needs = needsOf(options, query.instanceTypes === undefined ? await image : undefined)
  return { ...needs, isForNvidia: isForGpuImage(options, query) }
}

function offerOf(
  { region }: AwsOptions,
  type: Omit<TypeFacts, "markets"> & Pick<Offer, "market">,
  zone: string,
): Offer {
  return { provider: "aws", region, zone, ...type }
}

function priced(offer: Offer, priceOf: PriceOf): Offer {
  const price = priceOf(offer)
  return price === undefined ? offer : { ...offer, pricePerHour: price.usd, priceSource: price.source }
}

/** Spot offers above the cap are none; one of unknown price is left to EC2, which keeps to the cap as well. */
function capped({ maxSpotPrice }: AwsOptions, all: readonly Offer[]): readonly Offer[] {
  if (maxSpotPrice === undefined) return all
  const isTooDear = ({ market, pricePerHour = 0 }: Offer) => market === "spot" && pricePerHour > maxSpotPrice
  const left = all.filter((offer) => !isTooDear(offer))
  if (left.length > 0 || all.length === 0) return left
  const [cheapest] = [...all].sort((a, b) => (a.pricePerHour ?? 0) - (b.pricePerHour ?? 0))
  const nearest = `the cheapest is ${cheapest?.instanceType} in ${cheapest?.zone} at ${cheapest?.pricePerHour}`
  const message = `is ${maxSpotPrice} USD an hour, below every spot offer that fits: ${nearest}; raise it, or ask for smaller types`
  throw new SpecError([{ option: "aws.maxSpotPrice", value: maxSpotPrice, message }])
}
