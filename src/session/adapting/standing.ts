/** Standing: what the policy of a demand is told of a group. */
import type { Standing } from "../../demand/policy.js"
import { leastMs } from "../../fleet/spending/spending.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import type { GroupState } from "../../fleet/state/group-state.js"

/** Before the first boot of a group is known so much is taken for one: clouds take half a minute to some minutes. */
const ASSUMED_BOOT_MS = 60_000

/** So many of the latest boots tell the median. */
const LATEST_BOOTS = 25

export function standingOf(fleet: Fleet, state: GroupState, maximum: number): Standing {
  const { roster, clock } = fleet
  const { name } = state.group
  const now = clock.now()
  const booting = [...roster.inGroup(name).in("pending"), ...roster.unready(name)]
  const asked = Array.from({ length: roster.booked(name) }, () => 0)
  return {
    target: state.desired,
    ready: roster.ready(name),
    bootingMs: [...booting.map((worker) => now - begunAt(worker)), ...asked],
    bootMs: medianBootMs(roster.ofGroup(name)) ?? ASSUMED_BOOT_MS,
    leastMs: Math.max(0, ...fleet.providers.map(leastMs)),
    ...roomOf(fleet, state, maximum),
    leftMs: leftMsOf(fleet, now),
  }
}

function begunAt({ boot, knownSince }: WorkerRecord): number {
  return boot?.requestedAt ?? knownSince
}

/** From the launch call until it was ready: of those that this process has launched. */
function medianBootMs(workers: readonly WorkerRecord[]): number | undefined {
  const boots: number[] = []
  for (let at = workers.length - 1; at >= 0 && boots.length < LATEST_BOOTS; at -= 1) {
    const { requestedAt, readyAt } = workers[at]?.boot ?? {}
    if (requestedAt !== undefined && readyAt !== undefined) boots.push(readyAt - requestedAt)
  }
  return boots.sort((a, b) => a - b)[Math.floor((boots.length - 1) / 2)]
}

/**
 * Who is on the way out is there until it is gone. What other groups have is theirs, and the least that they follow a demand with: nothing
 * of one group is ended for another one.
 */
function roomOf(fleet: Fleet, { group }: GroupState, maximum: number): Pick<Standing, "room" | "roomIs"> {
  const leaving = fleet.roster.inGroup(group.name).size("terminating")
  const own = maximum - leaving
  const ownIs = leaving > 0 ? `${leaving} of at most ${maximum} are on their way out` : `at most ${maximum}`
  const { maxWorkers } = fleet.money
  if (maxWorkers === undefined) return { room: own, roomIs: ownIs }
  const others = [...fleet.groups.values()].filter((one) => one.group.name !== group.name)
  const theirs = others.reduce((sum, one) => sum + Math.max(one.desired, one.adapting?.minimum ?? 0), 0)
  const shared = maxWorkers - theirs
  return shared < own
    ? { room: shared, roomIs: `maxWorkers ${maxWorkers} leaves it ${shared}` }
    : { room: own, roomIs: ownIs }
}

/** With nothing left of it a lifetime begins anew. */
function leftMsOf({ roster, lifetimeMs, endsAt }: Fleet, now: number): number {
  const isOver = lifetimeMs !== undefined && roster.all.living.size === 0 && roster.openLaunches().length === 0
  return isOver ? lifetimeMs : Math.max(0, endsAt - now)
}
