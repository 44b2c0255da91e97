/** Withdraw: launch calls that were not sent yet are thrown away, because they are not wanted any more, or would be refused. */
import { MusterError } from "../../errors.js"
import type { Fleet } from "../state/context.js"
import { barsOf } from "../refusals/bars.js"
import { forbids } from "../unavailable.js"

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
