/** Plan: desired minus what there is, and offers minus what is unavailable, make wishes. Pure. */
import type { GroupNow, GroupPlan, PlannedWish } from "./planning/types.js"
import type { Offer } from "../provider.js"
import type { ResolvedGroup } from "../spec/resolved.js"
import { exchangeOf } from "./planning/exchange.js"
import { marketsOf, rank, zoneCounts } from "./planning/rank.js"
import { placeKey, zoneKey } from "./roster/keys.js"
import { SEVERAL } from "./state/backoff.js"
import type { WorkerRecord } from "./roster/worker-record.js"
import { forbids, type Unavailable } from "./unavailable.js"

/** Fewer rounds of which nothing came are no reason to ask for less. */
const FEW = 2

export function planGroup(state: GroupNow, memory: readonly Unavailable[], now: number): GroupPlan {
  const missing = state.desired - state.counted.length - state.booked
  const barred = state.offers.map((offer) => forbids(memory, offer, now))
  const available = state.offers.filter((_, index) => barred[index] === undefined)
  const untils = barred.flatMap((entry) => (entry === undefined ? [] : [entry.until]))
  const retryAt = untils.length > 0 ? Math.min(...untils) : undefined
  const passing = state.offers.flatMap((offer, index) => passingOf(offer, barred[index]) ?? [])
  const exchange = exchangeOf(state, available, now)
  const nothing = { wish: undefined, later: 0, surplus: 0, unplaced: 0, retryAt, wakeAt: undefined, exchange }
  if (missing <= 0) {
    const over = { ...nothing, surplus: Math.max(0, -missing - exchange.extra) }
    return exchange.dueAt === undefined ? { ...over, retryAt: undefined } : withExchange(state, over, available, now)
  }
  if (state.pausedUntil !== undefined && state.pausedUntil > now) {
    return { ...nothing, later: missing, wakeAt: state.pausedUntil }
  }
  const wish = wishFor(state, available, missing)
  const soonAt = soonInBetterMarket(state.group, passing, wish)
  if (soonAt !== undefined) return { ...nothing, later: missing, wakeAt: soonAt }
  if (wish !== undefined) return withTrial(state, wish, nothing, missing)
  // What passes by itself was not tried to its end: it is asked again, and nothing is out of reach because of it.
  const left = passing.length > 0 ? { later: missing } : { unplaced: missing }
  return { ...nothing, ...left, wakeAt: finite(retryAt) }
}

/** An offer that cannot be had just now, for a reason of the cloud's own that passes. */
interface Passing {
  readonly offer: Offer
  readonly until: number
  readonly times: number
}

function passingOf(offer: Offer, entry: Unavailable | undefined): Passing | undefined {
  if (entry?.failure.reason !== "transient") return undefined
  return { offer, until: entry.until, times: entry.times ?? 1 }
}

/** Until when a better market than the wish's is waited for: a moment's trouble is no reason to pay more for all. */
function soonInBetterMarket(
  { market }: ResolvedGroup,
  passing: readonly Passing[],
  wish: PlannedWish | undefined,
): number | undefined {
  if (wish === undefined) return undefined
  const markets = marketsOf(market)
  const isBetter = ({ offer, times }: Passing) =>
    times < SEVERAL && markets.indexOf(offer.market) < markets.indexOf(wish.market)
  const untils = passing.filter(isBetter).map(({ until }) => until)
  return untils.length === 0 ? undefined : Math.min(...untils)
}

/** Where nothing came of what was asked again and again, half as many are asked for each time, and one tells at last. */
function withTrial(state: GroupNow, wish: PlannedWish, nothing: GroupPlan, missing: number): GroupPlan {
  const { rounds = 0, isAsked = false } = state.trial?.(wish) ?? {}
  if (rounds < FEW) return { ...nothing, wish, later: missing - wish.count }
  // Its answer says whether more should be asked for.
  if (isAsked) return { ...nothing, later: missing }
  const count = Math.max(1, Math.floor(wish.count / 2 ** (rounds - 1)))
  return { ...nothing, wish: { ...wish, count }, later: missing - count }
}

/** More than are desired for a while: spot ones first, then as many on-demand ones go as run. */
function withExchange(state: GroupNow, plan: GroupPlan, available: readonly Offer[], now: number): GroupPlan {
  const { launch, dueAt } = plan.exchange
  const spot = available.filter((offer) => offer.market === "spot")
  const wish = launch > 0 ? wishFor(state, spot, launch) : undefined
  const isLater = dueAt !== undefined && dueAt > now
  return { ...plan, wish, wakeAt: isLater ? dueAt : finite(plan.retryAt) }
}

function finite(at: number | undefined): number | undefined {
  return at === Number.POSITIVE_INFINITY ? undefined : at
}

/** What is asked for next: of the place, market and architecture of the best offer. */
function wishFor(state: GroupNow, available: readonly Offer[], missing: number): PlannedWish | undefined {
  const { group } = state
  const ranked = rank(available, group, { ...state, missing })
  const best = ranked[0]
  if (best === undefined) return undefined
  const { provider, region, market, arch } = best
  const isLike = (offer: Offer) => placeKey(offer) === placeKey(best) && offer.market === market && offer.arch === arch
  // A strict order is kept also inside one request: nothing that is listed after another place, market or type goes with it.
  const end = group.order === "as-listed" ? ranked.findIndex((offer) => !isLike(offer)) : -1
  const alike = (end < 0 ? ranked : ranked.slice(0, end)).filter(isLike)
  const wish = { group: group.name, count: missing, offers: alike, provider, region, market, arch }
  return group.spread === "zones" ? levelled(wish, zoneCounts(state)) : wish
}

/**
 * A group that stands evenly in its zones, or nowhere yet, asks all of them at once. Else the zone that lacks most is asked
 * for what it lacks, by itself; the next wish is for the next one.
 */
function levelled(wish: PlannedWish, counts: ReadonlyMap<string, number>): PlannedWish {
  const zones = [...new Set(wish.offers.map(zoneKey))]
  const levels = zones.map((zone) => counts.get(zone) ?? 0)
  if (Math.max(...levels) - Math.min(...levels) <= 1) return wish
  const lacks = lacksOf(levels, wish.count)
  const most = Math.max(...lacks)
  const zone = zones[lacks.indexOf(most)]
  return { ...wish, count: most, offers: wish.offers.filter((offer) => zoneKey(offer) === zone) }
}

/** Fills the lowest first: how many of `count` each level gets. */
function lacksOf(levels: readonly number[], count: number): readonly number[] {
  const order = levels.map((_, index) => index).sort((a, b) => (levels[a] ?? 0) - (levels[b] ?? 0))
  const given = levels.map(() => 0)
  let left = count
  for (let filled = 1; filled <= order.length && left > 0; filled += 1) {
    const lowest = order.slice(0, filled)
    const next = levels[order[filled] ?? -1] ?? Number.POSITIVE_INFINITY
    const level = (levels[order[0] ?? 0] ?? 0) + (given[order[0] ?? 0] ?? 0)
    const step = Math.min(next - level, Math.floor(left / filled))
    for (const index of lowest) given[index] = (given[index] ?? 0) + step
    left -= step * filled
    if (step < next - level) {
      for (const index of lowest.slice(0, left)) given[index] = (given[index] ?? 0) + 1
      left = 0
    }
  }
  return given
}

/**
 * Which workers to take away first: those that do not run yet, or are not ready, then those without tasks, those that hold least for
 * others, the dearest, the newest.
 */
export function chooseSurplus(counted: readonly WorkerRecord[], count: number): WorkerRecord[] {
  return [...counted]
    .sort(
      (a, b) =>
        Number(a.state === "running") - Number(b.state === "running") ||
        Number(a.readiness?.isReady !== false) - Number(b.readiness?.isReady !== false) ||
        Number(a.isBusy ?? false) - Number(b.isBusy ?? false) ||
        Number(a.member?.isIdle === false) - Number(b.member?.isIdle === false) ||
        (a.member?.heldBytes ?? 0) - (b.member?.heldBytes ?? 0) ||
        (b.pricePerHour ?? 0) - (a.pricePerHour ?? 0) ||
        b.instance.launchedAt - a.instance.launchedAt,
    )
    .slice(0, count)
}
