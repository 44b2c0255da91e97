/**
 * Forsake: a launch call that the cloud does not answer, or answers with its own errors only, is not sent again where others
 * could launch elsewhere: in another market, zone or region. It stays booked, and lists are looked through for it to the end of
 * the cloud's window, as at zero. Once two complete lists that can no longer miss it show none of it, the journal says so, its
 * token is never sent again, and what it was for is launched elsewhere. Whatever its tag brings later is terminated.
 */
import { inScope } from "../../offer.js"
import type { Failure, Instance, Offer, Scope } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import { recordFailures } from "../refusals/record.js"
import { barsOf } from "../refusals/bars.js"
import type { Launch } from "../roster/launches.js"
import { placeKey } from "../roster/keys.js"
import { TAG } from "../tags.js"
import { sweptAt } from "../terminate.js"
import { forbids, remember, scopeKey } from "../unavailable.js"
import { launchScopeOf } from "./launch-scope.js"

/** So long a place may leave a launch call without an answer before another is asked instead. */
const PATIENCE_MS = 2 * 60_000

/** What could not be asked for so long is left alone after it at least as long as a pool that is empty. */
const AVOIDED_MS = 5 * 60_000

/** One list that is empty is no proof. */
const ENOUGH_LISTS = 2

/** When another place may be asked instead, in milliseconds since 1970. */
export function abandonAt({ firstSentAt }: Launch): number {
  return firstSentAt + PATIENCE_MS
}

/** Unanswered for long enough, and another place may have what is wanted. With nowhere to go, sending the same again is all that helps. */
export function mayAbandon(fleet: Fleet, launch: Launch): boolean {
  const { call, abort } = launch
  const state = fleet.groups.get(call.group)
  const now = fleet.clock.now()
  const isFenced = abort.signal.aborted
  if (isFenced || now < abandonAt(launch) || fleet.roster.wasObserved(call.token)) return false
  const [bars, scope] = [state === undefined ? [] : barsOf(fleet, state), unansweredScope(launch)]
  const offers = state?.offers ?? []
  return offers.some((offer) => !inScope(offer, scope) && forbids(bars, offer, now) === undefined)
}

/** From now on it is only looked for; its place is left alone until then, and for a while after. */
export function abandon(fleet: Fleet, launch: Launch): void {
  const { provider, call, firstSentAt, lastAnswer = "none" } = launch
  launch.isAbandoned = true
  const seconds = Math.round((fleet.clock.now() - firstSentAt) / 1000)
  const message = `launching ${call.count} in ${call.zone ?? provider.region}: for ${seconds} s no answer said whether it was done; it counts as launched until lists can no longer miss it; the last answer: ${lastAnswer}`
  const ttlMs = provider.limits.attemptMs + provider.limits.consistencyMs + AVOIDED_MS
  const failure = { reason: "capacity", count: call.count, ttlMs, code: "OutcomeUnknown", message } as const
  recordFailures(fleet, { provider, group: call.group }, [{ ...failure, scope: unansweredScope(launch) }])
  for (const scope of suspectScopesOf(fleet, launch)) avoid(fleet, provider, { ...failure, scope })
  fleet.emit({ type: "problem", group: call.group, error: "Unanswered", message })
  fleet.wake()
}

/**
 * Whether it is the zone that does not answer, the market's requests or those for the type, nobody knows: what is unlike it in as
 * many of these as there is something else of is asked next. To find out that a guess is wrong takes another window.
 */
function suspectScopesOf(fleet: Fleet, launch: Launch): readonly Scope[] {
  const { zone, market, instanceType, ...place } = launchScopeOf(launch)
  const suspects: readonly Scope[] = [
    ...(market === undefined ? [] : [{ ...place, market }]),
    ...(zone === undefined ? [] : [{ ...place, zone }]),
    ...(instanceType === undefined ? [] : [{ ...place, instanceType }]),
  ]
  const offers = (fleet.groups.get(launch.call.group)?.offers ?? []).filter((offer) => inScope(offer, place))
  const isBeyond = (some: readonly Scope[]) =>
    offers.some((offer) => !some.some((scope) => inScope(offer, scope)) && !inScope(offer, unansweredScope(launch)))
  return subsetsOf(suspects).find(isBeyond) ?? []
}

/** All choices of these, those of the most first. */
function subsetsOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  const subsets = Array.from({ length: 2 ** all.length }, (_, bits) =>
    all.filter((_one, index) => Math.floor(bits / 2 ** index) % 2 === 1),
  )
  return subsets.sort((a, b) => b.length - a.length)
}

function avoid(fleet: Fleet, { limits }: Launch["provider"], failure: Failure): void {
  const before = fleet.memory.get(limits.account) ?? []
  fleet.memory.set(limits.account, remember(before, failure, fleet.clock.now()))
}

/** What is not asked again until it was looked for: the same zone may answer on the other market. */
function unansweredScope(launch: Launch): Scope {
  const { instanceType: _any, ...scope } = launchScopeOf(launch)
  return scope
}

/**
 * How many places have been forsaken for a group in a row, of a provider and region where one is given, and may still have done
 * what was asked of them.
 *
 * @param since what was forsaken before counts no more, in milliseconds since 1970.
 */
export function abandonedPlaces(
  fleet: Fleet,
  group: string,
  place?: Pick<Offer, "provider" | "region">,
  since = 0,
): number {
  const abandoned = fleet.roster.launches
    .asked(group)
    .filter(({ provider: { name, region }, isAbandoned, firstSentAt }) => {
      const isThere = place === undefined || placeKey(place) === placeKey({ provider: name, region })
      return isAbandoned === true && isThere && firstSentAt >= since
    })
  return new Set(abandoned.map((launch) => scopeKey(unansweredScope(launch)))).size
}

/** A complete list of the provider was begun at this moment and has been read: what it can no longer miss was not made. */
export function countEmptyLists(fleet: Fleet, provider: Launch["provider"], begun: number): void {
  for (const launch of fleet.roster.launches.asked()) {
    if (launch.provider !== provider || launch.state !== "unknown" || begun < sweptAt(launch)) continue
    if (!fleet.roster.wasObserved(launch.call.token)) launch.emptyLists += 1
  }
}

/** Complete lists that were begun after the cloud's window had passed have been read, and showed none of it. */
export function isConfirmedAbsent({ emptyLists }: Launch): boolean {
  return emptyLists >= ENOUGH_LISTS
}

/** An instance of a launch call that was given up: what it was for was launched elsewhere. */
export function isGivenUp({ givenUp }: Fleet, { tags }: Instance): boolean {
  return givenUp.has(tags[TAG.launch] ?? "")
}
