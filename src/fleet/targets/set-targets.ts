/** Set targets: what each group is to have from now on. */
import type { Fleet } from "../state/context.js"
import { type GroupState, NEVER, NO_FAILED_VIEWS, NONE_FINISHED, NO_ROW } from "../state/group-state.js"
import { dollars } from "../../money/budget.js"
import { workerName } from "../reports/worker.js"
import { headOf, withHead, workerGroups } from "../state/engine/head.js"
import { NO_BACKOFFS } from "../state/backoff.js"
import { fence } from "./fence.js"
import { letFinish } from "../terminate.js"

/**
 * Zero is immediate: the fence goes up and the terminate calls go out before anything is awaited.
 *
 * @param drainMs how long workers that are too many may go on, also at zero; left out: as their groups say, and not at zero.
 */
export function setTargets(fleet: Fleet, targets: ReadonlyMap<string, number>, drainMs?: number): void {
  for (const [name, count] of withHead(fleet, targets)) {
    const state = fleet.groups.get(name)
    if (state === undefined) continue
    state.adapting?.end(fleet.money.over?.message ?? `its target was set to ${count}`)
    state.desired = count
    forgetTrouble(state, fleet.clock.now())
    state.loweredReason = undefined
    state.cut = undefined
    state.finished = NONE_FINISHED
    state.isAdvised = false
    state.metAt = NEVER
    state.drainMs = drainMs
    if (count === 0) fence(fleet, name)
  }
  const isUnwanted = workerGroups(fleet).every(([, { desired }]) => desired === 0)
  if (isUnwanted) fleet.unwanted.abort()
  else if (fleet.unwanted.signal.aborted) fleet.unwanted = new AbortController()
  const emptied = fleet.roster.living().filter((worker) => targets.get(worker.group) === 0)
  letFinish(fleet, emptied, drainMs ?? 0)
  const desired = Object.fromEntries(workerGroups(fleet).map(([name, state]) => [name, state.desired]))
  fleet.emit({ type: "target", desired })
  if (isUnwanted && !fleet.closing) noteHead(fleet)
}

/** What stood in the way of its launches, and failed: it is asked for as if nothing had. */
export function forgetTrouble(state: GroupState, now: number): void {
  state.problem = undefined
  state.outages.clear()
  state.refusals.clear()
  state.backoffs = NO_BACKOFFS
  state.failed = NO_FAILED_VIEWS
  state.short = NO_ROW
  forgetParts(state)
  state.missing.clear()
  state.breaker = undefined
  state.commonFailure = undefined
  state.resting = []
  state.failures = []
  state.askedAt = now
}

/** It is there for the next workers, and paid for. */
function noteHead(fleet: Fleet): void {
  const head = headOf(fleet)
  if (head === undefined || fleet.groups.get(head.group)?.desired === 0) return
  const { instance, group, pricePerHour } = head
  const price = pricePerHour === undefined ? "no price of it is known" : `it costs ${dollars(pricePerHour)} an hour`
  const message = `the head ${workerName(instance, group)} of the engine stays, and ${price}; close() ends it`
  fleet.emit({ type: "note", group, message })
}

/** What could say only in part what it sells is asked again. */
function forgetParts({ answers }: GroupState): void {
  for (const [place, { notes }] of answers) if (notes !== undefined) answers.delete(place)
}
