/** What this machine sells: shares of its cores and memory, in powers of two, and the whole of it. */
import { fits } from "../../../src/offer.js"
import type { Arch, Offer, OfferQuery } from "../../../src/provider.js"
import type { Config } from "../options.js"
import { PROVIDER, REGION } from "../client/record.js"

/** Everything this machine sells that fits the query. */
export function localOffers(config: Config, arch: Arch, query: OfferQuery): readonly Offer[] {
  if (!query.markets.includes("on-demand")) return []
  const everything = config.zones.flatMap((zone) =>
    sizes(config.vcpus).map((size) => offerOf(config, arch, zone, size)),
  )
  return everything.filter((offer) => fits(offer, query))
}

function sizes(vcpus: number): readonly number[] {
  const all: number[] = []
  for (let size = 1; size < vcpus; size *= 2) all.push(size)
  return [...all, vcpus]
}

function offerOf(config: Config, arch: Arch, zone: string, vcpus: number): Offer {
  const instanceType = `local-${vcpus}`
  const price = config.prices[instanceType]
  return {
    provider: PROVIDER,
    region: REGION,
    zone,
    instanceType,
    market: "on-demand",
    family: "local",
    vcpus,
    memoryGiB: Math.floor(((config.memoryGiB * vcpus) / config.vcpus) * 100) / 100,
    arch,
    ...(price === undefined ? {} : { pricePerHour: price }),
  }
}
