/** Closing: everything goes, and what cannot be confirmed gone is named. */
import { TimeoutError } from "../errors.js"
import type { Leftover, Provider } from "../provider.js"
import { type Fleet, fleetCalls, messageOf } from "./context.js"
import type { Passes } from "./passes.js"
import { setTargets } from "./scaling.js"
import { openEnds, startTerminations } from "./terminate.js"

/** Raises the fence and puts the terminate calls for all known workers on the wire, before it returns. */
export function beginClosing(fleet: Fleet): void {
  fleet.closing = true
  setTargets(fleet, new Map([...fleet.groups.keys()].map((name) => [name, 0])))
  startTerminations(fleet, fleet.roster.living())
  fleet.wake()
}

/** Resolves when zero is confirmed, with what still stood in the way when `timeoutMs` was over. */
export function zeroOrLate(fleet: Fleet, passes: Passes, timeoutMs: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const finish = (ends: readonly string[]) => {
      stopHearing()
      cancel()
      resolve(ends)
    }
    const stopHearing = passes.on((_plans, error) => {
      if (error === undefined && openEnds(fleet, () => true).length === 0) finish([])
    })
    const cancel = fleet.clock.timer(timeoutMs, () => finish(openEnds(fleet, () => true)))
    fleet.wake()
  })
}

/** Removes what is not an instance and was made for this cluster alone; returns what is left, in words. */
export async function removeLeftovers(fleet: Fleet): Promise<readonly string[]> {
  const left = await Promise.all(fleet.providers.map((provider) => removeAt(fleet, provider)))
  return left.flat()
}

async function removeAt(fleet: Fleet, provider: Provider): Promise<readonly string[]> {
  if (provider.leftovers === undefined || provider.remove === undefined) return []
  const { cluster, uid, owner } = fleet.owner
  const describe = ({ kind, id }: Leftover) => `${kind} ${id} (${provider.name} ${provider.region})`
  let found: readonly Leftover[] = []
  try {
    const calls = fleetCalls(fleet, provider)
    found = (await provider.leftovers({ cluster, uid, owner }, calls)).filter((leftover) => !leftover.shared)
    if (found.length > 0) await provider.remove(found, calls)
    return []
  } catch (error) {
    return [
      `${found.map(describe).join(", ") || `left-overs of ${provider.name} ${provider.region}`}: ${messageOf(error)}`,
    ]
  }
}

export function lateError(cluster: string, timeoutMs: number, ends: readonly string[]): TimeoutError {
  return new TimeoutError(
    `closing "${cluster}": after ${Math.round(timeoutMs / 1000)} s there is still ${ends.join(" and ")}`,
  )
}
