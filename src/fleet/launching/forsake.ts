/**
 * Forsake: a launch call to which the cloud answers with its own errors only, again and again, is not sent again where others
 * could launch elsewhere. It stays booked, and lists are looked through for it to the end of the cloud's window, as at zero:
 * once they can no longer miss it, and show none of it, its outcome is known, and what it was for is launched elsewhere.
 */
import { inScope } from "../../offer.js"
import type { Scope } from "../../provider.js"
import type { Fleet } from "../context.js"
import { learn } from "../learn.js"
import { barsOf } from "../planning/planning.js"
import type { Launch } from "../roster.js"
import { forbids } from "../unavailable.js"

/** Some two minutes: 1, 2, 4 … 32 seconds lie between them, and each is several requests. */
const REPLAYS = 6

/** What could not be asked for so long is left alone after it at least as long as a pool that is empty. */
const REST_MS = 5 * 60_000

/** Sent again often enough, and another place may have what is wanted. With nowhere to go, sending the same again is all that helps. */
export function mayForsake(fleet: Fleet, launch: Launch): boolean {
  const { call, replays } = launch
  const state = fleet.groups.get(call.group)
  if (state === undefined || replays < REPLAYS || fleet.roster.isSeen(call.token)) return false
  const [bars, now, scope] = [barsOf(fleet, state), fleet.clock.now(), scopeOf(launch)]
  const { offers = [] } = state
  return offers.some((offer) => !inScope(offer, scope) && forbids(bars, offer, now) === undefined)
}

/** From now on it is only looked for; its place is left alone until then, and for a while after. */
export function forsake(fleet: Fleet, launch: Launch): void {
  const { provider, call, replays } = launch
  launch.isForsaken = true
  const message = `launching ${call.count} in ${call.zone ?? provider.region}: ${replays + 1} times no answer said whether it was done; it counts as launched until lists can no longer miss it`
  const ttlMs = provider.limits.attemptMs + provider.limits.consistencyMs + REST_MS
  const failure = { reason: "capacity", count: call.count, ttlMs, code: "OutcomeUnknown", message } as const
  learn(fleet, { provider, group: call.group }, [{ ...failure, scope: scopeOf(launch) }])
  fleet.wake()
}

function scopeOf({ provider, call }: Launch): Scope {
  const { name, region } = provider
  return { provider: name, region, ...(call.zone === undefined ? {} : { zone: call.zone }) }
}

/** A complete list that was begun after the cloud's window had passed has been read. */
export function isLookedFor(fleet: Fleet, { provider, sentAt }: Launch): boolean {
  return (fleet.looks.get(provider)?.listedAt ?? 0) >= sentAt + provider.limits.consistencyMs
}
