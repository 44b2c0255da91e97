/** Rank: in which order offers are tried. Pure. */
import type { Refusal } from "../state/group-state.js"
import { placeKey, zoneKey } from "../roster/keys.js"
import { inScope } from "../../offer.js"
import type { Market, Offer, Provider } from "../../provider.js"
import type { MarketWish } from "../../spec.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import type { Counted } from "../roster/members.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/** What an order may need to know beside the offers. */
export interface Standing {
  /** Workers of the group that count. */
  readonly counted: Counted
  /** How many more are asked of single zones by launch calls under way, by `zoneKey`. */
  readonly bookedIn?: ReadonlyMap<string, number>
  /** How many are missing. */
  readonly missing?: number
  /** What was refused since the group last had all its workers, whether or not it may be tried again. */
  readonly refusals?: readonly Refusal[]
  /** Most instances of one request, by `placeKey`; unknown places take one a request. */
  readonly batches?: ReadonlyMap<string, number>
}

/**
 * An offer in the zone where the group is already counts as so much of its price: workers that talk to another zone pay
 * USD 0.01 a GB each way (EC2 and Compute Engine price lists), which a slightly cheaper machine does not make up for, and a
 * far cheaper one does.
 */
const SAME_ZONE_FACTOR = 0.8

/** The markets a group may use, best first. */
export function marketsOf(market: MarketWish): readonly Market[] {
  return market === "spot-with-fallback" ? ["spot", "on-demand"] : [market]
}

/** How many workers of the group are in each zone, or asked of it. */
export function zoneCounts({ counted, bookedIn = new Map() }: Standing): ReadonlyMap<string, number> {
  const counts = new Map(bookedIn)
  for (const [key, count] of counted.inZones ?? zonesOf(counted)) counts.set(key, (counts.get(key) ?? 0) + count)
  return counts
}

function zonesOf(counted: Iterable<WorkerRecord>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { provider, instance } of counted) {
    const key = zoneKey({ provider: provider.name, region: provider.region, zone: instance.zone })
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** Most instances of one request at each provider. */
export function batchesOf(providers: readonly Provider[]): ReadonlyMap<string, number> {
  return new Map(
    providers.map(({ name, region, limits }) => [placeKey({ provider: name, region }), limits.launchBatch ?? 1]),
  )
}

/**
 * Offers in the order in which the group tries them, best first. What was refused goes behind what was not tried yet, the
 * latest refusal last: where requests are paced slowly, the first offers may be tried again before the last ones had their
 * turn, and would be for ever.
 */
export function rank(offers: readonly Offer[], group: ResolvedGroup, standing: Standing): Offer[] {
  const keysOf = keysBy(offers, group, standing)
  const refusals = standing.refusals ?? []
  const refusedAt = (offer: Offer) =>
    refusals.reduce((latest, { scope, at }) => (at > latest && inScope(offer, scope) ? at : latest), 0)
  const keys = new Map(offers.map((offer, index) => [offer, [refusedAt(offer), ...keysOf(offer), index]]))
  return [...offers].sort((a, b) => compare(keys.get(a) ?? [], keys.get(b) ?? []))
}

type Keys = (offer: Offer) => readonly number[]

function keysBy(offers: readonly Offer[], group: ResolvedGroup, standing: Standing): Keys {
  const byMarket = marketKey(group)
  const byPrice = priceKeys(group, standing)
  switch (group.order) {
    case "cheapest":
      return (offer) => [byMarket(offer), ...byPrice(offer)]
    case "as-listed": {
      const asWritten = listedKeys(offers, group)
      return (offer) => [...asWritten(offer), byMarket(offer), ...byPrice(offer)]
    }
    case "fewest-calls": {
      const { missing = 1, batches } = standing
      const calls = (offer: Offer) => Math.ceil(missing / (batches?.get(placeKey(offer)) ?? 1))
      return (offer) => [byMarket(offer), calls(offer), ...byPrice(offer)]
    }
  }
}

function marketKey({ market }: ResolvedGroup): (offer: Offer) => number {
  const markets = marketsOf(market)
  return (offer) => markets.indexOf(offer.market)
}

/**
 * Priced before unpriced, then cheaper, then the type named first, then smaller, then the zone where the group already is
 * (or, for a group that is to be spread, where it is least).
 */
function priceKeys(group: ResolvedGroup, standing: Standing): Keys {
  const counts = zoneCounts(standing)
  const most = Math.max(0, ...counts.values())
  const isSpread = group.spread === "zones"
  return (offer) => {
    const count = counts.get(zoneKey(offer)) ?? 0
    const isSameZone = !isSpread && count > 0 && count === most
    return [
      offer.pricePerHour === undefined ? 1 : 0,
      (offer.pricePerHour ?? 0) * (isSameZone ? SAME_ZONE_FACTOR : 1),
      group.instanceTypes?.indexOf(offer.instanceType) ?? 0,
      offer.vcpus ?? 0,
      isSpread ? count : -count,
    ]
  }
}

/** Providers and regions in the order in which their offers come, types and zones as written, else as the cloud lists them. */
function listedKeys(offers: readonly Offer[], group: ResolvedGroup): Keys {
  const places = [...new Set(offers.map(placeKey))]
  const types = group.instanceTypes ?? [...new Set(offers.map((offer) => offer.instanceType))]
  const placeAt = new Map(places.map((place, index) => [place, index]))
  const typeAt = new Map(types.map((type, index) => [type, index]))
  return (offer) => [placeAt.get(placeKey(offer)) ?? 0, typeAt.get(offer.instanceType) ?? 0]
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
