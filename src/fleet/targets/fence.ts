/** Fence: launch calls that were not sent yet are thrown away, because they are not wanted any more. */
import type { Fleet } from "../state/context.js"
import { MusterError } from "../../errors.js"

/** Throws away launch calls that were not sent yet; returns how many instances they were for. */
export function withdrawWaiting(
  fleet: Fleet,
  group: string,
  atMost = Number.POSITIVE_INFINITY,
  why = "the target was lowered before this launch call was sent",
): number {
  let withdrawn = 0
  const waiting = fleet.roster.openLaunches(group).filter((launch) => launch.state === "waiting")
  for (const launch of waiting.reverse()) {
    if (withdrawn >= atMost) break
    withdrawn += launch.call.count
    launch.abort.abort(new MusterError(why))
  }
  return withdrawn
}

/** Ends every launch of a group that waits in a bucket or for a retry; one on the wire is awaited. */
export function fence(fleet: Fleet, group: string, why: Error = new MusterError(ZERO)): void {
  for (const launch of fleet.roster.openLaunches(group)) launch.abort.abort(why)
}

/** The same of all groups, for which nothing is begun any more. */
export function fenceAll(fleet: Fleet, why: Error): void {
  for (const [name, { adapting }] of fleet.groups) {
    adapting?.end(why.message)
    fence(fleet, name, why)
  }
}

const ZERO = "the target went to zero before this launch call was sent"
