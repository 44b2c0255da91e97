/**
 * Turns: of the launch calls of a place that has answered none of them, one is sent again, and the others once it was answered. A
 * hundred requests that a cloud cannot answer tell no more than one, and are a hundred times the load.
 */
import type { Fleet } from "../state/context.js"
import type { Launch } from "../roster/launches.js"

export interface ReplayOrder {
  /** Whether this launch call of unknown outcome may be sent again when its time has come. */
  has(launch: Launch): boolean
}

/** Whose turn it is now. */
export function replayOrderOf(fleet: Fleet): ReplayOrder {
  const first = new Map<string, Launch>()
  for (const launch of fleet.roster.launches.asked()) {
    if (!isUnanswered(launch)) continue
    const key = placeOf(launch)
    // What is on the wire again already is the one.
    const known = first.get(key)
    const isAhead = known === undefined || (launch.state === "sent" && launch.replays > 0 && known.state === "unknown")
    if (isAhead) first.set(key, launch)
  }
  return {
    has: (launch) => {
      const key = placeOf(launch)
      // What a process that ended may have sent is sent once in any case: nothing else is decided before.
      const isInherited = launch.generation < fleet.owner.generation && launch.replays === 0
      return isInherited || first.get(key) === launch || (fleet.answeredAt.get(key) ?? 0) > launch.sentAt
    },
  }
}

/**
 * Whether a launch call that was not answered is tried again at once: by one of each place alone, until the place has answered.
 * The others wait for their turn.
 */
export function mayRetryNow(fleet: Fleet, launch: Launch): boolean {
  const key = placeOf(launch)
  if ((fleet.answeredAt.get(key) ?? 0) > launch.sentAt) return true
  const one = fleet.roster.launches.get(fleet.retrying.get(key) ?? "")
  // Held back for its pace, it waits to be sent again.
  const isTrying = one !== undefined && one !== launch && (one.state === "waiting" || isUnanswered(one))
  if (!isTrying) fleet.retrying.set(key, launch.call.token)
  return !isTrying
}

/** One that was forsaken is not sent again, and keeps nobody waiting. */
function isUnanswered({ state, isAbandoned }: Launch): boolean {
  return (state === "unknown" || state === "sent") && isAbandoned !== true
}

/** The place has answered: whether with instances or a refusal, others may be asked about. */
export function noteAnswered(fleet: Fleet, launch: Launch): void {
  fleet.answeredAt.set(placeOf(launch), fleet.clock.now())
}

function placeOf({ provider, call }: Launch): string {
  const { name, region } = provider
  return JSON.stringify([name, region, call.group, call.zone, call.offers[0]?.market])
}
