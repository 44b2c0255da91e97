/**
 * Forsake: a launch call that the cloud does not answer, or answers with its own errors only, is not sent again where others
 * could launch elsewhere: in another market, zone or region. It stays booked, and lists are looked through for it to the end of
 * the cloud's window, as at zero. Once two complete lists that can no longer miss it show none of it, the journal says so, its
 * token is never sent again, and what it was for is launched elsewhere. Whatever its tag brings later is terminated.
 */
import { inScope } from "../../offer.js"
import type { Failure, Instance, Scope } from "../../provider.js"
import type { Fleet } from "../context.js"
import { learn } from "../learn.js"
import { barsOf } from "../planning/planning.js"
import type { Launch } from "../roster.js"
import { TAG } from "../tags.js"
import { sweptAt } from "../terminate.js"
import { forbids, remember } from "../unavailable.js"

/** So long a place may leave a launch call without an answer before another is asked instead. */
const PATIENCE_MS = 2 * 60_000

/** What could not be asked for so long is left alone after it at least as long as a pool that is empty. */
const REST_MS = 5 * 60_000

/** One list that is empty is no proof. */
const ENOUGH_LISTS = 2

/** When another place may be asked instead, in milliseconds since 1970. */
export function forsakeAt({ firstSentAt }: Launch): number {
  return firstSentAt + PATIENCE_MS
}

/** Unanswered for long enough, and another place may have what is wanted. With nowhere to go, sending the same again is all that helps. */
export function mayForsake(fleet: Fleet, launch: Launch): boolean {
  const { call, abort } = launch
  const state = fleet.groups.get(call.group)
  const now = fleet.clock.now()
  const isFenced = abort.signal.aborted
  if (isFenced || now < forsakeAt(launch) || fleet.roster.isSeen(call.token)) return false
  const [bars, scope] = [state === undefined ? [] : barsOf(fleet, state), scopeOf(launch)]
  const offers = state?.offers ?? []
  return offers.some((offer) => !inScope(offer, scope) && forbids(bars, offer, now) === undefined)
}

/** From now on it is only looked for; its place is left alone until then, and for a while after. */
export function forsake(fleet: Fleet, launch: Launch): void {
  const { provider, call, firstSentAt, lastAnswer = "none" } = launch
  launch.isForsaken = true
  const seconds = Math.round((fleet.clock.now() - firstSentAt) / 1000)
  const message = `launching ${call.count} in ${call.zone ?? provider.region}: for ${seconds} s no answer said whether it was done; it counts as launched until lists can no longer miss it; the last answer: ${lastAnswer}`
  const ttlMs = provider.limits.attemptMs + provider.limits.consistencyMs + REST_MS
  const failure = { reason: "capacity", count: call.count, ttlMs, code: "OutcomeUnknown", message } as const
  learn(fleet, { provider, group: call.group }, [{ ...failure, scope: scopeOf(launch) }])
  for (const scope of doubtsOf(fleet, launch)) avoid(fleet, provider, { ...failure, scope })
  fleet.emit({ type: "problem", group: call.group, error: "Unanswered", message })
  fleet.wake()
}

/**
 * Whether it is the zone that does not answer or the market's requests, nobody knows: with another market in another zone to go to,
 * neither is asked next. To find out that the other half of the guess is wrong takes another window.
 */
function doubtsOf(fleet: Fleet, launch: Launch): readonly Scope[] {
  const { zone, market, ...place } = scopeOf(launch)
  if (zone === undefined || market === undefined) return []
  const doubts = [
    { ...place, zone },
    { ...place, market },
  ]
  const offers = fleet.groups.get(launch.call.group)?.offers ?? []
  return offers.some((offer) => inScope(offer, place) && !doubts.some((scope) => inScope(offer, scope))) ? doubts : []
}

function avoid(fleet: Fleet, { limits }: Launch["provider"], failure: Failure): void {
  const before = fleet.memory.get(limits.account) ?? []
  fleet.memory.set(limits.account, remember(before, failure, fleet.clock.now()))
}

/** Where and on which market it asked: the same zone may answer on the other one. */
function scopeOf({ provider, call }: Launch): Scope {
  const { name, region } = provider
  const market = call.offers[0]?.market
  return {
    provider: name,
    region,
    ...(call.zone === undefined ? {} : { zone: call.zone }),
    ...(market === undefined ? {} : { market }),
  }
}

/** A complete list of the provider was begun at this moment and has been read: what it can no longer miss was not made. */
export function noteList(fleet: Fleet, provider: Launch["provider"], begun: number): void {
  for (const launch of fleet.roster.openLaunches()) {
    if (launch.provider !== provider || launch.state !== "unknown" || begun < sweptAt(launch)) continue
    if (!fleet.roster.isSeen(launch.call.token)) launch.emptyLists += 1
  }
}

/** Complete lists that were begun after the cloud's window had passed have been read, and showed none of it. */
export function isLookedFor({ emptyLists }: Launch): boolean {
  return emptyLists >= ENOUGH_LISTS
}

/** An instance of a launch call that was given up: what it was for was launched elsewhere. */
export function isGivenUp({ givenUp }: Fleet, { tags }: Instance): boolean {
  return givenUp.has(tags[TAG.launch] ?? "")
}
