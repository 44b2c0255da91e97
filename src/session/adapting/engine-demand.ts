/** Engine demand: what the head of an engine says that the work wants. */
import { NotYet } from "../../demand/adapter.js"
import type { Demand } from "../../demand/types.js"
import { MusterError } from "../../errors.js"
import type { FleetEngine } from "../../fleet/state/engine/fleet-engine.js"

/** @param everyMs so often it is read: the head is asked so often at least, in milliseconds. */
export function engineDemand({ engine, contact, pace }: FleetEngine, everyMs: number): Demand {
  pace.restMs = Math.min(pace.restMs, everyMs)
  return () => {
    const { state, silentFrom, silence } = contact
    // Who has not answered yet may be booting, in the place of one that had work.
    if (state === undefined) throw new NotYet(`the head of ${engine.name} has not answered yet: the target stays`)
    if (silentFrom !== undefined) throw new MusterError(`the head of ${engine.name} does not answer: ${silence}`)
    if (state.demand === undefined) {
      throw new MusterError(`${engine.name} tells no demand here; give adapt one: demand: () => …`)
    }
    return state.demand
  }
}
