/** Look-up: asks the cloud what became of a launch call of unknown outcome that is no longer wanted. */
import { isFinal } from "../../errors.js"
import { type Fleet, fleetCalls, markChanged } from "../state/context.js"
import { accept } from "./outcome.js"
import type { Launch } from "../roster/launches.js"
import { giveUp, sweptAt } from "../terminate.js"

/** When the look-up is due, in milliseconds since 1970: once the call can no longer arrive, and again after a failed look-up. */
export function lookUpAt(launch: Launch): number {
  if (launch.provider.find === undefined) return Number.POSITIVE_INFINITY
  return Math.max(sweptAt(launch), launch.polledAt + launch.provider.limits.look.everyMs)
}

/**
 * An empty list says nothing about an operation that still runs: an operation that is found is awaited like an answer. A principal
 * that may not read operations relies on the lists alone.
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
