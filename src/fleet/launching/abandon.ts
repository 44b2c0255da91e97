/**
 * Abandon: a launch call without an answer, or with the cloud's own errors only, is not sent again where another market, zone or
 * region could take its place. The call stays booked, and lists are searched for its instances to the end of the cloud's
 * consistency window. Once two complete lists that can no longer miss them show none, the journal records that, the token is
 * never sent again, and the instances are launched elsewhere. An instance with that token that appears later is terminated.
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

/** How long a place may leave a launch call unanswered before another place is tried, in milliseconds. */
const PATIENCE_MS = 2 * 60_000

/** How long an unanswered place is avoided after that, in milliseconds: at least as long as an empty pool. */
const AVOIDED_MS = 5 * 60_000

/** A single empty list proves nothing. */
const ENOUGH_LISTS = 2

/** When another place may be tried instead, in milliseconds since 1970. */
export function abandonAt({ firstSentAt }: Launch): number {
  return firstSentAt + PATIENCE_MS
}

/** The call is unanswered for long enough, and another place has a fitting offer. Without another place only a replay can help. */
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

/** Stops the replays of a launch call: lists are searched for its instances, and its place is avoided meanwhile. */
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
 * The zone, the market or the instance type may be what does not answer. The next offer differs in as many of the three as the
 * offers allow, because a wrong guess costs another consistency window.
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

/** All subsets, the largest first. */
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

/** The scope that is avoided while lists are searched: the same zone may answer on the other market. */
function unansweredScope(launch: Launch): Scope {
  const { instanceType: _any, ...scope } = launchScopeOf(launch)
  return scope
}

/**
 * How many places hold an abandoned launch call of a group whose outcome is still open.
 *
 * @param place counts only this provider and region; all places by default.
 * @param since launch calls sent before this moment do not count, in milliseconds since 1970; 0 by default.
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

/** Counts a complete list of the provider, begun at this moment, for each launch call that the list could no longer miss. */
export function countEmptyLists(fleet: Fleet, provider: Launch["provider"], begun: number): void {
  for (const launch of fleet.roster.launches.asked()) {
    if (launch.provider !== provider || launch.state !== "unknown" || begun < sweptAt(launch)) continue
    if (!fleet.roster.wasObserved(launch.call.token)) launch.emptyLists += 1
  }
}

/** Enough complete lists, begun after the consistency window, showed no instance of the launch call. */
export function isConfirmedAbsent({ emptyLists }: Launch): boolean {
  return emptyLists >= ENOUGH_LISTS
}

/** The instance comes from a launch call that was given up and replaced elsewhere. */
export function isGivenUp({ givenUp }: Fleet, { tags }: Instance): boolean {
  return givenUp.has(tags[TAG.launch] ?? "")
}
