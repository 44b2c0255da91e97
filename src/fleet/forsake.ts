/**
 * Forsake: a launch call to which the cloud answers with its own errors only, again and again, is waited for, but not by those
 * who could launch elsewhere. It is not sent again, and lists are looked through for it to the end of the cloud's window, as at
 * zero; should any of it still appear, it counts, and what is then too many goes at once.
 */
import { inScope } from "../offer.js"
import { allowed } from "../money/means.js"
import type { Scope } from "../provider.js"
import type { Fleet } from "./context.js"
import { learn } from "./learn.js"
import { barsOf } from "./planning.js"
import type { Launch } from "./roster.js"
import { forbids } from "./unavailable.js"
import { balanceOf, leastMsOf, meansOf } from "./within.js"

/** Some two minutes: 1, 2, 4 … 32 seconds lie between them, and each is several requests. */
const REPLAYS = 6

/** What could not be asked for so long is left alone at least as long as a pool that is empty. */
const REST_MS = 5 * 60_000

/**
 * Sent again often enough, a complete list that was begun after the last answer shows none of it, and another place may have
 * what is wanted. With nowhere to go, or no means, sending the same again is all that helps.
 */
export function mayForsake(fleet: Fleet, launch: Launch): boolean {
  const { provider, call, replays, sentAt } = launch
  const state = fleet.groups.get(call.group)
  const listedAt = fleet.looks.get(provider)?.listedAt ?? 0
  if (state === undefined || replays < REPLAYS || listedAt <= sentAt || fleet.roster.isSeen(call.token)) return false
  const [bars, now, scope] = [barsOf(fleet, state), fleet.clock.now(), scopeOf(launch)]
  const elsewhere = (state.offers ?? []).filter(
    (offer) => !inScope(offer, scope) && forbids(bars, offer, now) === undefined,
  )
  // It may still cost money: what takes its place has to be within the cluster's means beside it.
  const fit = allowed(meansOf(fleet), balanceOf(fleet).taken, call.count, elsewhere, (one) => leastMsOf(fleet, one))
  return elsewhere.length > 0 && fit.count === call.count
}

/** From now on what it was for is missing; its place is left alone for a while. */
export function forsake(fleet: Fleet, launch: Launch): void {
  const { provider, call, replays } = launch
  launch.isForsaken = true
  const message = `launching ${call.count} in ${call.zone ?? provider.region}: ${replays + 1} times no answer said whether it was done, and a complete list shows none of it; it goes on being looked for`
  const failure = { reason: "capacity", count: call.count, ttlMs: REST_MS, code: "OutcomeUnknown", message } as const
  learn(fleet, { provider, group: call.group }, [{ ...failure, scope: scopeOf(launch) }])
  fleet.wake()
}

function scopeOf({ provider, call }: Launch): Scope {
  const { name, region } = provider
  return { provider: name, region, ...(call.zone === undefined ? {} : { zone: call.zone }) }
}
