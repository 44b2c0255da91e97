/**
 * Backoff: the refusals and passing failures of a group's requests, their scope, and how long that scope is not asked again. An
 * unknown refusal is of the offer that was asked, until other offers are refused alike. Pure; it is given `now`.
 */
import { grownMs, LONGEST_PAUSE_MS, pauseMs } from "./pauses.js"
import { inScope } from "../../offer.js"
import type { Failure, Market, Offer, Scope } from "../../provider.js"
import { placeKey } from "../roster/keys.js"
import { scopeKey, type Unavailable } from "../unavailable.js"

/** So many unlike offers refused with one code show that the offer is not the cause. */
const ENOUGH = 3

/** After so many equal answers the message is reported, and a passing failure is no longer awaited. */
export const SEVERAL = 3

/** A pool that backs off. */
export interface PoolBackoff extends Unavailable {
  readonly failure: Failure
  /** How often in a row. */
  readonly times: number
  /** When it was answered last, in milliseconds since 1970. */
  readonly at: number
}

/** The backoffs of a group since it last got an instance. */
export interface Backoffs {
  readonly pools: readonly PoolBackoff[]
  /** How many rounds of a place were answered with one code, wherever they asked; by place and code. */
  readonly alike: ReadonlyMap<string, { readonly rounds: number; readonly at: number }>
}

export const NO_BACKOFFS: Backoffs = { pools: [], alike: new Map() }

/** Whether a failure is of this group's request, and not of the account's capacity or quota. */
export function needsBackoff({ reason, ttlMs }: Failure): boolean {
  return (reason === "rejected" || reason === "transient") && ttlMs > 0
}

/**
 * Adds an answer.
 *
 * @param sentAt when the call that was answered was sent: calls that were under way together are one try.
 */
export function addBackoff(backoffs: Backoffs, failure: Failure, sentAt: number, now: number): Backoffs {
  const key = alikeKey(failure)
  const before = backoffs.alike.get(key)
  const rounds = before === undefined ? 1 : sentAt < before.at ? before.rounds : before.rounds + 1
  const alike = new Map(backoffs.alike).set(key, { rounds, at: now })
  const scope = scopeKey(failure.scope)
  const isSame = (pool: PoolBackoff) => pool.failure.code === failure.code && scopeKey(pool.scope) === scope
  const known = backoffs.pools.find(isSame)
  const times = known === undefined ? 1 : sentAt < known.at ? known.times : known.times + 1
  const ownMs = grownMs(failure.ttlMs, times - 1, LONGEST_PAUSE_MS)
  const until = now + Math.max(ownMs, failure.reason === "transient" ? pauseMs(rounds) : 0)
  const pools = backoffs.pools.filter((pool) => !isSame(pool)).map((pool) => withPause(pool, key, now, rounds))
  return { pools: [...pools, { scope: failure.scope, until, failure, times, at: now }], alike }
}

/** While all pools of a place answer alike, the pause is that of the place: pools are not asked in turn. */
function withPause(pool: PoolBackoff, key: string, now: number, rounds: number): PoolBackoff {
  if (pool.failure.reason !== "transient" || alikeKey(pool.failure) !== key) return pool
  return { ...pool, until: Math.max(pool.until, now + pauseMs(rounds)) }
}

function alikeKey({ scope, code }: Failure): string {
  return `${scope.provider}/${scope.region}/${code}`
}

/** How many rounds were answered as this one, since an instance came of any. */
export function roundsOf(backoffs: Backoffs, failure: Failure): number {
  return backoffs.alike.get(alikeKey(failure))?.rounds ?? 0
}

/** The most rounds in a row that a place was answered with one code, none of them before `since` (milliseconds since 1970). */
export function failedRounds(backoffs: Backoffs, place: Pick<Offer, "provider" | "region">, since: number): number {
  const own = [...backoffs.alike].filter(([key, { at }]) => key.startsWith(`${placeKey(place)}/`) && at >= since)
  return Math.max(0, ...own.map(([, { rounds }]) => rounds))
}

/** An instance came: the backoff of its pool ends, and the rounds of its place count from zero. */
export function afterSuccess(backoffs: Backoffs, offer: Omit<Offer, "arch" | "family">): Backoffs {
  if (backoffs.pools.length === 0 && backoffs.alike.size === 0) return backoffs
  const isOwn = ({ zone, instanceType, market, ...place }: Scope) =>
    place.provider === offer.provider &&
    place.region === offer.region &&
    (zone ?? offer.zone) === offer.zone &&
    (instanceType ?? offer.instanceType) === offer.instanceType &&
    (market ?? offer.market) === offer.market
  const alike = new Map([...backoffs.alike].filter(([key]) => !key.startsWith(`${placeKey(offer)}/`)))
  return { pools: backoffs.pools.filter(({ scope }) => !isOwn(scope)), alike }
}

/** The scopes that back off now: pools, and the zones, types and markets that were shown to be the cause. */
export function barsOfBackoffs(backoffs: Backoffs, offers: readonly Offer[], now: number): readonly Unavailable[] {
  const pools = backoffs.pools.filter(({ until }) => until > now)
  const passing = pools.filter(isPassing)
  const wide = [...answeredMarkets(backoffs.pools.filter(isRefusal), offers), ...answeredMarkets(passing, offers)]
  const bars = wide.flatMap((market) => {
    const { alike, widened, own } = market
    if (isExhaustedMarket(market)) return [{ ...latestOf(alike), scope: market.scope }]
    const isLeft = own.some((offer) => !isIn(offer, [...alike, ...widened]))
    // With no other offer left, one more request of the zone or the type shows whether it is the cause.
    return isLeft || alike.length >= ENOUGH ? widened : []
  })
  // What passes has not done so for as many answers as its place has given: other markets need not wait for it.
  const times = Math.max(0, ...passing.map(({ failure }) => roundsOf(backoffs, failure)))
  return [...pools, ...bars.filter(({ until }) => until > now)].map((bar) =>
    bar.failure.reason === "transient" ? { ...bar, times: Math.max(times, bar.times ?? 1) } : bar,
  )
}

function isRefusal({ failure }: PoolBackoff): boolean {
  return failure.reason === "rejected"
}

function isPassing({ failure }: PoolBackoff): boolean {
  return failure.reason === "transient"
}

/** One market of a place in which offers were answered with one code. */
interface AnsweredMarket {
  readonly scope: Scope
  /** All that the group may use of it. */
  readonly own: readonly Offer[]
  /** What was asked and answered so. */
  readonly alike: readonly PoolBackoff[]
  /** Zones in which two types were answered so, and types that were in two zones. */
  readonly widened: readonly Unavailable[]
}

function answeredMarkets(pools: readonly PoolBackoff[], offers: readonly Offer[]): readonly AnsweredMarket[] {
  const byKey = new Map<string, PoolBackoff[]>()
  for (const pool of pools) {
    const { provider, region, market } = pool.scope
    const key = JSON.stringify([provider, region, market, pool.failure.code])
    byKey.set(key, [...(byKey.get(key) ?? []), pool])
  }
  return [...byKey.values()].map((alike) => {
    const { provider, region, market } = alike[0]?.scope ?? {}
    const scope = definedOf({ provider, region, market })
    return { scope, own: offers.filter((offer) => inScope(offer, scope)), alike, widened: widenedOf(alike, scope) }
  })
}

function widenedOf(answered: readonly PoolBackoff[], scope: Scope): readonly Unavailable[] {
  const by = (field: "zone" | "instanceType", other: "zone" | "instanceType") =>
    [...new Set(answered.flatMap((pool) => pool.scope[field] ?? []))].flatMap((value) => {
      const alike = answered.filter((pool) => pool.scope[field] === value)
      const others = new Set(alike.map((pool) => pool.scope[other]))
      return others.size < 2 ? [] : [{ ...latestOf(alike), scope: { ...scope, [field]: value } }]
    })
  return [...by("zone", "instanceType"), ...by("instanceType", "zone")]
}

function latestOf(backoffs: readonly PoolBackoff[]): Unavailable {
  const [first, ...others] = backoffs
  if (first === undefined) throw new RangeError("no rest to choose from")
  const { until, failure } = others.reduce((latest, one) => (one.until > latest.until ? one : latest), first)
  return { scope: failure.scope, until, failure }
}

/** Nothing of this market is better: unlike offers were answered alike, or all that there are. */
function isExhaustedMarket({ own, alike, widened }: AnsweredMarket): boolean {
  if (own.length === 0) return false
  if (areUnlike(alike, ENOUGH)) return true
  const isAll = own.every((offer) => isIn(offer, alike))
  return isAll || (alike.length >= ENOUGH && own.every((offer) => isIn(offer, [...alike, ...widened])))
}

function isIn(offer: Offer, bars: readonly Unavailable[]): boolean {
  return bars.some(({ scope }) => inScope(offer, scope))
}

/** Whether so many of these share neither type nor zone with each other. */
function areUnlike(answered: readonly PoolBackoff[], count: number, chosen: readonly Scope[] = []): boolean {
  if (count === 0) return true
  const types = new Set(answered.map(({ scope }) => scope.instanceType))
  const zones = new Set(answered.map(({ scope }) => scope.zone))
  if (types.size < count || (zones.size < count && !zones.has(undefined))) return false
  return answered.some(
    ({ scope }, index) =>
      chosen.every((other) => isUnlike(scope, other)) &&
      areUnlike(answered.slice(index + 1), count - 1, [...chosen, scope]),
  )
}

function isUnlike(a: Scope, b: Scope): boolean {
  return a.instanceType !== b.instanceType && (a.zone === undefined || a.zone !== b.zone)
}

/** The refusal that no offer of a place escapes, in any market that the group may use; undefined while one may be better. */
export function unavoidableRefusal(
  backoffs: Backoffs,
  offers: readonly Offer[],
  place: Pick<Offer, "provider" | "region">,
): Failure | undefined {
  const own = offers.filter((offer) => placeKey(offer) === placeKey(place))
  const wanted = new Set<Market>(own.map(({ market }) => market))
  const unavoidable = answeredMarkets(backoffs.pools.filter(isRefusal), own).filter(isExhaustedMarket)
  const stopped = unavoidable.filter(({ scope }) => scope.provider === place.provider && scope.region === place.region)
  const isWhole = [...wanted].every((market) => stopped.some(({ scope }) => (scope.market ?? market) === market))
  if (wanted.size === 0 || !isWhole) return undefined
  return stopped.flatMap(({ alike }) => alike).reduce<PoolBackoff | undefined>(later, undefined)?.failure
}

function later(one: PoolBackoff | undefined, other: PoolBackoff): PoolBackoff {
  return one === undefined || other.at >= one.at ? other : one
}

function definedOf(scope: { readonly [K in keyof Scope]: Scope[K] | undefined }): Scope {
  return Object.fromEntries(Object.entries(scope).filter(([, value]) => value !== undefined))
}
