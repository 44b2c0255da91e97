/**
 * Follow: moves a group's target as its demand does, a few workers at a time and thousands of times. What was learned since the last
 * `scale` of offers and boots stays, so that a demand that rises asks a cloud no more often than a target that stands.
 */
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { momentText } from "../../calls/clock.js"
import { updateDeadlineTag } from "../ending/deadline.js"
import { headOf, isHead, workerGroups } from "../state/engine/head.js"
import { HEAD } from "../../spec/engine/engine.js"
import { letFinish } from "../terminate.js"
import { fence } from "./fence.js"
import { forgetTrouble, setTargets } from "./set-targets.js"

/** Workers that are too many may go on for as long as their group says. */
export function moveTarget(fleet: Fleet, state: GroupState, target: number): void {
  const { name } = state.group
  if (target > state.desired) wakeHead(fleet)
  state.desired = target
  if (target === 0) {
    fence(fleet, name)
    letFinish(fleet, [...fleet.roster.counted(name)])
  }
  noteUnwanted(fleet)
  const desired = Object.fromEntries(workerGroups(fleet).map(([group, own]) => [group, own.desired]))
  fleet.emit({ type: "target", desired })
  fleet.wake()
}

/** Launches are waited for as long as any are wanted: those of workers, or of a head that is not there yet. */
function noteUnwanted(fleet: Fleet): void {
  const isHeadWanted = (fleet.groups.get(HEAD)?.desired ?? 0) > 0 && headOf(fleet) === undefined
  const isWanted = isHeadWanted || workerGroups(fleet).some(([, { desired }]) => desired > 0)
  if (!isWanted) fleet.unwanted.abort()
  else if (fleet.unwanted.signal.aborted) fleet.unwanted = new AbortController()
}

/** An engine has its head before it has work. */
export function wakeHead(fleet: Fleet): void {
  if (!isHead(fleet, HEAD) || fleet.groups.get(HEAD)?.desired !== 0) return
  setTargets(fleet, new Map([[HEAD, 1]]))
  noteUnwanted(fleet)
  fleet.wake()
}

/** A group that has stopped is tried anew after this pause, and after twice as long each time that it stops again. */
const FIRST_REST_MS = 5 * 60_000
const LONGEST_REST_MS = 60 * 60_000

/** How often a group has stopped in a row, and since when it has. */
export interface Rest {
  readonly times: number
  readonly since: number | undefined
}

export const NO_REST: Rest = { times: 0, since: undefined }

/**
 * Wakes a group of which nothing more is launched until the next `scale`: nothing fits, or its boots failed again and again. A demand has
 * nobody who would call that.
 *
 * @param before what it returned last. @param isWanted more than there are is wanted.
 */
export function wakeStopped(fleet: Fleet, state: GroupState, before: Rest, isWanted: boolean): Rest {
  const now = fleet.clock.now()
  const isStopped = state.problem !== undefined || state.breaker !== undefined
  if (!isStopped) {
    const isWell = before.times > 0 && fleet.roster.ready(state.group.name) > 0
    return isWell ? NO_REST : { ...before, since: undefined }
  }
  const since = before.since ?? now
  const restMs = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** before.times)
  if (!isWanted || now - since < restMs) return { ...before, since }
  forgetTrouble(state, now)
  fleet.emit({
    type: "note",
    group: state.group.name,
    message: `group ${state.group.name} had stopped, and is tried anew`,
  })
  fleet.wake()
  return { times: before.times + 1, since: undefined }
}

/** Of the lifetime so much must be left for what is launched at zero; else it begins anew. */
const LEAST_LEFT = 0.5

/**
 * With nothing of it left, a cluster that follows a demand takes a new lifetime when less than half of the last one is left. The deadline
 * of what is there is never moved: instances, and whoever sweeps, go by their tags. A cluster that was attached to without a spec of its
 * own has no lifetime to begin.
 */
export function renewLifetime(fleet: Fleet): void {
  const { clock, roster, lifetimeMs, endsAt } = fleet
  if (lifetimeMs === undefined || roster.all.living.size > 0 || roster.openLaunches().length > 0) return
  const now = clock.now()
  if (endsAt - now >= lifetimeMs * LEAST_LEFT) return
  fleet.endsAt = now + lifetimeMs
  updateDeadlineTag(fleet)
  // Set-up is tagged anew with it, and a process that comes after us reads it here.
  fleet.prepared.clear()
  fleet.journal.lifetime(fleet.owner.deadline)
  const until = momentText(Number(fleet.owner.deadline) * 1000)
  fleet.emit({ type: "note", message: `nothing of the cluster was left: its lifetime begins anew, until ${until}` })
  fleet.wake()
}
