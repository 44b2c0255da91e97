/** Poll interval: when a provider is polled again, by what is in progress there. */
import type { Launched, Provider } from "../../provider.js"
import { type Fleet, markChanged, relaxedPollMs } from "../state/context.js"
import type { Launch } from "../roster/launches.js"
import type { WorkerRecord } from "../roster/worker-record.js"
import { sweptAt } from "../terminate.js"
import { bootMs } from "./boots.js"
import { isBehind, mayHaveContenders } from "../ownership/contenders.js"

/**
 * How often a cluster at rest is looked at: for losses, and for interruptions, which give two minutes or thirty seconds: half
 * of a boot more or less is decided by when they are seen.
 */
const WATCH_MS = 30_000
const WATCH_SPOT_MS = 5_000
/** A list of a hundred thousand takes seconds of CPU: of so many as take longer than this for each, it comes later. */
const WATCH_EACH_MS = 1
const WATCH_SPOT_EACH_MS = 0.3
/** Some clouds take an interrupted instance away a little later than they said. */
const GRACE_MS = 500

/** The interval of complete lists while pending instances are listed alone, or unanswered calls are searched, in milliseconds. */
export const COMPLETE_MS = 10_000

/** The time from the start of the last poll to the next one, in milliseconds. */
export function nextPollMs(fleet: Fleet, provider: Provider): number {
  const own = fleet.roster.at(provider)
  const size = own.living.size
  // Those that may still go on leave at a time that is known.
  const leaving = own.in("terminating").filter(({ drainsUntil }) => drainsUntil === undefined)
  const failed = own.in("failed").filter(({ isKept }) => isKept !== true)
  const unsteady = own.size("pending") + failed.length + leaving.length
  const changing = unsteady > 0
  const open = fleet.roster.launches.asked().filter((launch) => launch.provider === provider)
  // Terminations that wait for their answer, in a bucket may be, say themselves when they have it; then it is looked for.
  const isAsking = leaving.length === unsteady && leaving.every(({ termination }) => termination === "sent")
  if (changing && isAsking && open.length === 0) return Math.max(provider.limits.look.everyMs, COMPLETE_MS)
  const everyMs = Math.max(provider.limits.look.everyMs, relaxedPollMs(fleet, provider))
  if (open.some(({ isAbandoned }) => isAbandoned !== true)) return everyMs
  if (changing) return own.size("pending") === unsteady ? Math.max(everyMs, nextBootMs(fleet, provider)) : everyMs
  if (open.length > 0) return nextSearchMs(fleet, provider, open)
  // Nothing comes that we do not launch, unless another process is the one that launches.
  if (size === 0 && fleet.isOwner) return isBehind(fleet) ? everyMs : nextUncertaintyPollMs(fleet, provider)
  const isSpot = hasSpot(own.living)
  const [leastMs, eachMs] = isSpot ? [WATCH_SPOT_MS, WATCH_SPOT_EACH_MS] : [WATCH_MS, WATCH_EACH_MS]
  const watchMs = Math.max(leastMs, eachMs * size)
  const now = fleet.clock.now()
  const ends = own
    .in("interrupted")
    .flatMap(({ interruptedAt = 0 }) => (interruptedAt + GRACE_MS > now ? [interruptedAt + GRACE_MS - now] : []))
  return Math.min(provider.limits.look.watchMs ?? watchMs, ...ends)
}

/** Until a boot may be over, of those that are known; what fails meanwhile is seen by the next complete list. */
function nextBootMs(fleet: Fleet, provider: Provider): number {
  let at = Number.POSITIVE_INFINITY
  for (const { instance, knownSince } of fleet.roster.at(provider).in("pending"))
    at = Math.min(at, knownSince + bootMs(fleet.clock, provider, instance))
  return Math.min(COMPLETE_MS, at - fleet.clock.now())
}

/**
 * After the answer to a launch call: looks when boots of what it made may be over. An answer that shows them running leaves
 * nothing to look for but what any cluster is looked at for.
 */
export function pollAfterLaunch(fleet: Fleet, { provider }: Launch, { instances, settled }: Launched): void {
  const isUp = settled && instances.length > 0 && instances.every(({ state }) => state === "running")
  if (isUp && !mayHaveContenders(fleet, provider)) {
    markChanged(fleet, provider, nextPollMs(fleet, provider))
    return
  }
  const types = new Set(instances.map(({ instanceType }) => instanceType))
  const soonestMs = Math.min(...[...types].map((instanceType) => bootMs(fleet.clock, provider, { instanceType })))
  const firstMs = settled && types.size > 0 ? Math.min(COMPLETE_MS, soonestMs) : provider.limits.look.firstMs
  markChanged(fleet, provider, Math.max(firstMs, relaxedPollMs(fleet, provider)))
}

/** A search for unanswered calls rarely finds any: it is slow, and comes at once when no list can miss them any more. */
function nextSearchMs(fleet: Fleet, { limits }: Provider, launches: readonly Launch[]): number {
  const leftMs = Math.min(...launches.map(sweptAt)) - fleet.clock.now()
  return Math.max(limits.look.everyMs, Math.min(COMPLETE_MS, leftMs))
}

/** Until a list was begun late enough something may come although there is nothing. */
function nextUncertaintyPollMs({ uncertainUntil, polls, clock }: Fleet, provider: Provider): number {
  const [until, listedAt] = [uncertainUntil.get(provider) ?? 0, polls.get(provider)?.listedAt ?? 0]
  return listedAt >= until ? Number.POSITIVE_INFINITY : Math.min(Math.max(0, until - clock.now()), WATCH_MS)
}

function hasSpot(workers: Iterable<WorkerRecord>): boolean {
  for (const { instance } of workers) if (instance.market === "spot") return true
  return false
}
