import { SpecError } from "../../../src/errors.js"
import { fits } from "../../../src/offer.js"
import type { Arch, Calls, GroupRequest, Offer, OfferQuery } from "../../../src/provider.js"
import type { Connection, Send } from "../client/send.js"
import { gpuNameOf, takesDisk } from "./families.js"
import type { GcpOptions } from "../options.js"
import { OWN_TABLE, type Price, pricesOf } from "./prices.js"
import { type Types, typesIn } from "./types.js"
import type { ZonesOf } from "./zones.js"

export interface OfferContext {
  readonly send: Send
  readonly connection: Connection
  readonly options: GcpOptions
  readonly zonesOf: ZonesOf
  /** The architectures whose image is paid for beside the machine. */
  readonly licensedArchs: (image: ImageRequest, calls: Calls) => Promise<ReadonlySet<Arch>>
}

/** The image that instances boot from, where a group names one, and the architectures that it is wanted for. */
export type ImageRequest = Pick<GroupRequest, "name" | "archs" | "image">

/**
 * Everything sold that fits, on both markets, in the zones that may be used, priced where a price is known. All zones and
 * the price list are read at once. A zone that does not answer is left out, and so are types that do not boot from the disk
 * that was asked for; a note reports both.
 *
 * @throws SpecError when a named type is in none of the zones, or none of the types takes the disk; TransientError when nothing
 *   is left but zones that do not answer.
 */
export async function offers(context: OfferContext, query: OfferQuery, calls: Calls): Promise<readonly Offer[]> {
  const { send, connection, options, zonesOf } = context
  const { instanceTypes, markets } = query
  if (markets.length === 0) return []
  const pricing = pricesOf(connection, options, { instanceTypes, markets }, calls)
  // It may fail while zones are still read. The error is reported where the prices are awaited.
  pricing.catch(() => {})
  const usable = await zonesOf(calls)
  const zones = usable.filter((zone) => query.zones?.includes(zone) ?? true)
  if (zones.length === 0) return []
  const [{ types, unreachable }, priceOf] = await Promise.all([
    typesIn(send, options, { ...query, zones }, calls),
    pricing,
  ])
  const asked = inGoogleWords(query)
  const licensed = await licensedIn(context, query, types, calls)
  const sold = types
    .flatMap((type) => markets.map((market) => ({ ...type, market })))
    .map((type) => ({
      provider: "gcp",
      region: options.region,
      ...type,
      ...without(priceOf(type), licensed.has(type.arch)),
    }))
    .filter((offer) => fits(offer, asked))
  if (sold.length === 0 && unreachable[0] !== undefined) throw unreachable[0].error
  for (const { zone, error } of unreachable)
    calls.note?.(`${zone} is left out, because it does not answer: ${error.message}`)
  return bootable(sold, query, options, calls)
}

/** Where the image is paid for as well, a price of the machine alone would be too low. Prices of the user's own table stay. */
async function licensedIn(
  { licensedArchs }: OfferContext,
  { boots }: OfferQuery,
  types: Types["types"],
  calls: Calls,
): Promise<ReadonlySet<Arch>> {
  if (boots === undefined) return new Set()
  const archs = [...new Set(types.map(({ arch }) => arch))]
  return licensedArchs({ name: "default", archs, ...boots }, calls)
}

function without(price: Price, isLicensed: boolean): Price {
  return isLicensed && price.priceSource !== OWN_TABLE ? {} : price
}

/** Offers that boot from the disk that was asked for. A note names the types that do not, where the user named types. */
function bootable(
  sold: readonly Offer[],
  { instanceTypes }: OfferQuery,
  { disk }: GcpOptions,
  calls: Calls,
): readonly Offer[] {
  const { type } = disk ?? {}
  if (type === undefined) return sold
  const fitting = sold.filter(({ instanceType }) => takesDisk(instanceType, type))
  const others = [...new Set(sold.map(({ instanceType }) => instanceType))].filter((name) => !takesDisk(name, type))
  if (others.length === 0) return sold
  const shown = others.slice(0, MOST_SHOWN).join(", ")
  if (fitting.length === 0) {
    const message = `is "${type}", from which ${shown} cannot boot; leave it out, and each series gets what it takes`
    throw new SpecError([{ option: "gcp.disk.type", value: type, message }])
  }
  if (instanceTypes !== undefined)
    calls.note?.(`${shown} is left out, because it cannot boot from ${type} (gcp.disk.type)`)
  return fitting
}

/** Types named in a message: enough to see which series it is. */
const MOST_SHOWN = 5

/** A GPU by Google's name ("nvidia-l4") is the one by the short name ("L4"), which offers have. */
function inGoogleWords({ gpu, ...query }: OfferQuery): OfferQuery {
  if (gpu?.name === undefined) return gpu === undefined ? query : { ...query, gpu }
  return { ...query, gpu: { ...gpu, name: gpuNameOf(gpu.name.toLowerCase()) } }
}
