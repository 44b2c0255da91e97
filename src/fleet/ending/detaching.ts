/** Detaching: the calls of a detached cluster that are still on the wire. */
import { TimeoutError } from "../../errors.js"
import type { Fleet } from "../state/context.js"

/** The calls that may still make or end something, in words. A poll of an accepted launch makes nothing, and need not be awaited. */
export function callsOnWire(fleet: Fleet): readonly string[] {
  const { roster, settingUp } = fleet
  const sent = roster.launches.asked().filter(({ state, ref }) => state === "sent" && ref === undefined)
  const count = sent.reduce((sum, { call }) => sum + call.count, 0)
  const ending = roster.all.in("terminating").filter(({ termination }) => termination === "sent").length
  return [
    ...(sent.length > 0 ? [`${sent.length} launch calls for ${count} without an answer`] : []),
    ...(ending > 0 ? [`the terminations of ${ending} instances without an answer`] : []),
    ...(settingUp.size > 0 ? ["what prepares launches"] : []),
  ]
}

/** The error of a wait for them that has come to its end. */
export function detachTimeout(fleet: Fleet, waitedMs: number): TimeoutError {
  const { cluster } = fleet.owner
  const living = fleet.roster.all.living.size
  return new TimeoutError(
    `detaching "${cluster}": after ${Math.round(waitedMs / 1000)} s these were still open: ${callsOnWire(fleet).join(", ")}; it is let go of all the same, with ${living} instances; whoever attaches goes on from their tags, and from this machine's journal`,
  )
}
