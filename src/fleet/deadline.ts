/** Deadline: the moment that was fixed with the cluster; past it nothing is launched or replaced. */
import { RejectedError } from "../errors.js"
import { spanText } from "../text.js"
import type { Fleet } from "./context.js"

/** Milliseconds since 1970. */
export function deadlineMs(fleet: Fleet): number {
  return Number(fleet.owner.deadline) * 1000
}

/** Why nothing more is launched; undefined before the deadline. */
export function overdue(fleet: Fleet): RejectedError | undefined {
  const lateMs = fleet.clock.now() - deadlineMs(fleet)
  if (lateMs < 0) return undefined
  const since = lateMs < 1000 ? "now" : `${spanText(lateMs)} ago`
  return new RejectedError(
    `cluster "${fleet.owner.cluster}" reached its deadline (maxLifetime) ${since}: nothing more is launched, and all of it ends; close it and make a new one, with a longer maxLifetime if need be`,
  )
}
