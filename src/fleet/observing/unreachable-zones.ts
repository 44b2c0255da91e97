/** Unreachable zones: a list that lacks a zone is complete for a cluster that cannot have anything in that zone. */
import { PartialListError } from "../../errors.js"
import type { Calls, Instance, LaunchCall, Leftover, Provider, Selector } from "../../provider.js"
import type { Fleet } from "../state/context.js"

/** Records the zones of a launch call before it is sent: the cluster may have instances there from now on. */
export function recordZones({ polls }: Fleet, provider: Provider, { zone, offers }: LaunchCall): void {
  const zones = polls.get(provider)?.zones
  for (const one of zone === undefined ? offers.map((offer) => offer.zone) : [zone]) zones?.add(one)
}

/**
 * The instances of a partial list, where the missing zones cannot have any of the cluster's.
 *
 * @throws the error else.
 */
export function completeForCluster(fleet: Fleet, provider: Provider, error: unknown): readonly Instance[] {
  if (!(error instanceof PartialListError) || concerns(fleet, provider, error)) throw error
  return error.instances
}

/** The leftovers of the zones that answer, where the other zones cannot have any of the cluster's. */
export async function leftoversOf(
  fleet: Fleet,
  provider: Provider,
  selector: Selector,
  calls: Calls,
): Promise<readonly Leftover[]> {
  try {
    return (await provider.leftovers?.(selector, calls)) ?? []
  } catch (error) {
    if (!(error instanceof PartialListError) || concerns(fleet, provider, error)) throw error
    const zones = [...(fleet.polls.get(provider)?.zones ?? [])]
    return (await provider.leftovers?.({ ...selector, zones }, calls)) ?? []
  }
}

function concerns({ polls }: Fleet, provider: Provider, { silent }: PartialListError): boolean {
  const zones = polls.get(provider)?.zones
  return zones === undefined || silent.some((zone) => zones.has(zone))
}
