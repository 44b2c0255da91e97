/**
 * Replay order: one launch call of an unanswering place is sent again as a probe, and the others once the place has answered. A
 * hundred requests that a cloud cannot answer tell no more than one, and are a hundred times the load.
 */
import type { Fleet } from "../state/context.js"
import type { Launch } from "../roster/launches.js"

export interface ReplayOrder {
  /** Whether this launch call of unknown outcome may be sent again when its time has come. */
  has(launch: Launch): boolean
}

/** The launch calls that may be sent again now. */
export function replayOrderOf(fleet: Fleet): ReplayOrder {
  const first = new Map<string, Launch>()
  for (const launch of fleet.roster.launches.asked()) {
    if (!isUnanswered(launch)) continue
    const key = placeOf(launch)
    // A replay that is already on the wire is the probe.
    const known = first.get(key)
    const isProbe = known === undefined || (launch.state === "sent" && launch.replays > 0 && known.state === "unknown")
    if (isProbe) first.set(key, launch)
  }
  return {
    has: (launch) => {
      const key = placeOf(launch)
      // A call of an earlier process is sent once in any case: its outcome is needed before any decision.
      const isInherited = launch.generation < fleet.owner.generation && launch.replays === 0
      return isInherited || first.get(key) === launch || (fleet.answeredAt.get(key) ?? 0) > launch.sentAt
    },
  }
}

/**
 * Whether an unanswered launch call is retried at once. Until the place has answered, only one call of each place is; the others
 * wait.
 */
export function mayRetryNow(fleet: Fleet, launch: Launch): boolean {
  const key = placeOf(launch)
  if ((fleet.answeredAt.get(key) ?? 0) > launch.sentAt) return true
  const one = fleet.roster.launches.get(fleet.retrying.get(key) ?? "")
  // A throttled call is `waiting` until it is sent again.
  const isTrying = one !== undefined && one !== launch && (one.state === "waiting" || isUnanswered(one))
  if (!isTrying) fleet.retrying.set(key, launch.call.token)
  return !isTrying
}

/** An abandoned launch call is not sent again, and delays no other. */
function isUnanswered({ state, isAbandoned }: Launch): boolean {
  return (state === "unknown" || state === "sent") && isAbandoned !== true
}

/** The place has answered, with instances or a refusal: its other launch calls may be sent again. */
export function noteAnswered(fleet: Fleet, launch: Launch): void {
  fleet.answeredAt.set(placeOf(launch), fleet.clock.now())
}

function placeOf({ provider, call }: Launch): string {
  const { name, region } = provider
  return JSON.stringify([name, region, call.group, call.zone, call.offers[0]?.market])
}
