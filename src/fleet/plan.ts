/** Plan: desired minus what there is, and offers minus what is unavailable, make wishes. Pure. */
import type { Arch, Market, Offer } from "../provider.js"
import type { MarketWish, ResolvedGroup } from "../spec.js"
import type { WorkerRecord } from "./roster.js"
import { forbids, type Unavailable } from "./unavailable.js"

/** A wish before it has an id: `count` workers from `offers`, best first, all of one provider, market and architecture. */
export interface PlannedWish {
  readonly group: string
  readonly count: number
  readonly offers: readonly Offer[]
  readonly provider: string
  readonly region: string
  readonly market: Market
  readonly arch: Arch
}

export interface GroupPlan {
  readonly wish: PlannedWish | undefined
  /** How many workers are too many. */
  readonly surplus: number
  /** How many are missing although every offer was tried. */
  readonly unplaced: number
  /** When the first offer that is unavailable now may be tried again, in milliseconds since 1970. */
  readonly retryAt: number | undefined
}

export interface GroupNow {
  readonly group: ResolvedGroup
  readonly desired: number
  readonly counted: readonly WorkerRecord[]
  /** How many may still come of launches under way. */
  readonly booked: number
  readonly offers: readonly Offer[]
}

export function planGroup(state: GroupNow, memory: readonly Unavailable[], now: number): GroupPlan {
  const missing = state.desired - state.counted.length - state.booked
  const surplus = Math.max(0, -missing)
  if (missing <= 0) return { wish: undefined, surplus, unplaced: 0, retryAt: undefined }
  const barred = state.offers.map((offer) => forbids(memory, offer, now))
  const available = state.offers.filter((_, index) => barred[index] === undefined)
  const untils = barred.flatMap((entry) => (entry === undefined ? [] : [entry.until]))
  const retryAt = untils.length > 0 ? Math.min(...untils) : undefined
  const ranked = rank(available, state.group, state.counted)
  const best = ranked[0]
  if (best === undefined) return { wish: undefined, surplus, unplaced: missing, retryAt }
  const { provider, region, market, arch } = best
  const offers = ranked.filter(
    (offer) => offer.provider === provider && offer.region === region && offer.market === market && offer.arch === arch,
  )
  const wish = { group: state.group.name, count: missing, offers, provider, region, market, arch }
  return { wish, surplus, unplaced: 0, retryAt }
}

/** The markets a group may use, best first. */
export function marketsOf(market: MarketWish): readonly Market[] {
  return market === "spot-with-fallback" ? ["spot", "on-demand"] : [market]
}

/**
 * Best first: the market asked for first, then priced before unpriced, then cheaper, then the type named first, then
 * smaller, then the zone where the group already has workers (traffic within a zone is free), else as the cloud lists them.
 */
export function rank(offers: readonly Offer[], group: ResolvedGroup, counted: readonly WorkerRecord[]): Offer[] {
  const markets = marketsOf(group.market)
  const zones = new Map<string, number>()
  for (const { instance } of counted) zones.set(instance.zone, (zones.get(instance.zone) ?? 0) + 1)
  const keys = new Map(
    offers.map((offer, index) => [
      offer,
      [
        markets.indexOf(offer.market),
        offer.pricePerHour === undefined ? 1 : 0,
        offer.pricePerHour ?? 0,
        group.instanceTypes?.indexOf(offer.instanceType) ?? 0,
        offer.vcpus ?? 0,
        -(zones.get(offer.zone) ?? 0),
        index,
      ],
    ]),
  )
  return [...offers].sort((a, b) => compare(keys.get(a) ?? [], keys.get(b) ?? []))
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Which workers to take away first: those that do not run yet, then the dearest, then the newest. */
export function chooseSurplus(counted: readonly WorkerRecord[], count: number): WorkerRecord[] {
  return [...counted]
    .sort(
      (a, b) =>
        Number(a.state === "running") - Number(b.state === "running") ||
        (b.pricePerHour ?? 0) - (a.pricePerHour ?? 0) ||
        b.instance.launchedAt - a.instance.launchedAt,
    )
    .slice(0, count)
}
