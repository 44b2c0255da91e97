/** The last look for a launch of unknown outcome that nobody wants any more. */
import { isFinal } from "../../errors.js"
import { type Fleet, fleetCalls, markChanged } from "../state/context.js"
import { accept } from "./outcome.js"
import type { Launch } from "../roster/launches.js"
import { giveUp, sweptAt } from "../terminate.js"

/** When it is due, in milliseconds since 1970: once it can no longer arrive, and again some time after a look that failed. */
export function lookUpAt(launch: Launch): number {
  if (launch.provider.find === undefined) return Number.POSITIVE_INFINITY
  return Math.max(sweptAt(launch), launch.polledAt + launch.provider.limits.look.everyMs)
}

/**
 * Lists that are empty say nothing of what an operation that still runs will make: one that is found is waited for, as if its
 * answer had come. Who may not look for it goes by the lists alone.
 */
export async function lookUp(fleet: Fleet, launch: Launch): Promise<void> {
  const { provider, call } = launch
  fleet.roster.launches.move(launch, "sent")
  launch.polledAt = fleet.clock.now()
  try {
    const found = await provider.find?.(call, fleetCalls(fleet, provider))
    if (found === undefined) giveUp(fleet, launch)
    else accept(fleet, launch, found)
  } catch (error) {
    if (isFinal(error)) giveUp(fleet, launch)
    else fleet.roster.launches.move(launch, "unknown")
  }
  markChanged(fleet, provider)
  fleet.wake()
}
