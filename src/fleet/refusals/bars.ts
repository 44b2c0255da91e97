/** Bars: what a group may not use now. */
import { type Fleet, memoryOf } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import type { Unavailable } from "../unavailable.js"
import { barsOfBackoffs } from "../state/backoff.js"
import { barredByOutages } from "./outages.js"

/** What the group may not use now: refused to this account or to it a while ago, resting, or of a provider that is out of order. */
export function barsOf(fleet: Fleet, state: GroupState): readonly Unavailable[] {
  const backoffs = barsOfBackoffs(state.backoffs, state.offers ?? [], fleet.clock.now())
  return [...memoryOf(fleet), ...barredByOutages(fleet, state), ...backoffs, ...state.resting]
}
