/**
 * Deadline: the moment that was fixed with the cluster; past it nothing is launched or replaced.
 *
 * It is kept in true time, so that no clock that is set ends the cluster early or late. The tags say the same moment by the clocks
 * of those who read them, and whatever is launched once that clock was found to be another says it by the new one.
 */
import { RejectedError } from "../../errors.js"
import { spanText } from "../../text.js"
import { clockSkewMs } from "../state/clock-skew.js"
import type { Fleet } from "../state/context.js"

/** A tag that is less off stays as it is: what is prepared for launches holds it. In seconds. */
const TOLERATED_SECONDS = 60

/** Why nothing more is launched; undefined before the deadline. */
export function deadlineError(fleet: Fleet): RejectedError | undefined {
  const lateMs = fleet.clock.now() - fleet.endsAt
  if (lateMs < 0) return undefined
  const since = lateMs < 1000 ? "now" : `${spanText(lateMs)} ago`
  return new RejectedError(
    `cluster "${fleet.owner.cluster}" reached its deadline (maxLifetime) ${since}: nothing more is launched, and all of it ends; close it and make a new one, with a longer maxLifetime if need be`,
  )
}

/** The cluster's end by the clock of its cloud, else of this machine as it is now: in seconds since 1970, as in the tags. */
export function deadlineTag({ clock, providers, endsAt }: Pick<Fleet, "clock" | "providers" | "endsAt">): number {
  return Math.floor((endsAt + clockSkewMs(clock, providers)) / 1000)
}

/**
 * What is launched from now on says when the cluster ends by the clock as it is now. What was prepared for launches says it as
 * before, and goes. False when nothing changed.
 */
export function updateDeadlineTag(fleet: Fleet): boolean {
  const deadline = deadlineTag(fleet)
  if (Math.abs(deadline - Number(fleet.owner.deadline)) <= TOLERATED_SECONDS) return false
  fleet.owner = { ...fleet.owner, deadline: String(deadline) }
  fleet.prepared.clear()
  return true
}
