/** Withdraw: launch calls that were not sent yet are thrown away, because they are not wanted any more, or would be refused. */
import { MusterError } from "../../errors.js"
import type { Fleet } from "../context.js"
import { barsOf } from "../planning/planning.js"
import { forbids } from "../unavailable.js"

/** Throws away launch calls that were not sent yet; returns how many instances they were for. */
export function withdrawWaiting(fleet: Fleet, group: string, atMost = Number.POSITIVE_INFINITY): number {
  let withdrawn = 0
  const waiting = fleet.roster.openLaunches(group).filter((launch) => launch.state === "waiting")
  for (const launch of waiting.reverse()) {
    if (withdrawn >= atMost) break
    withdrawn += launch.call.count
    launch.abort.abort(new MusterError("the target was lowered before this launch call was sent"))
  }
  return withdrawn
}

/**
 * Throws away launch calls that wait although all their offers were refused meanwhile: each would be refused as well, and
 * would hold back the wish for the next offer until its turn has come.
 */
export function withdrawBarred(fleet: Fleet): void {
  const now = fleet.clock.now()
  for (const [name, state] of fleet.groups) {
    const bars = barsOf(fleet, state)
    if (bars.length === 0) continue
    const waiting = fleet.roster.openLaunches(name).filter((launch) => launch.state === "waiting")
    for (const { call, abort } of waiting) {
      if (!call.offers.every((offer) => forbids(bars, offer, now) !== undefined)) continue
      abort.abort(new MusterError("what this launch call asks for was refused before it was sent"))
    }
  }
}

/** Ends every launch of a group that waits in a bucket or for a retry; one on the wire is awaited. */
export function fence(fleet: Fleet, group: string, why: Error = new MusterError(ZERO)): void {
  for (const launch of fleet.roster.openLaunches(group)) launch.abort.abort(why)
}

const ZERO = "the target went to zero before this launch call was sent"
