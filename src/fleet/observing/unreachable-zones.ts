/** Silent zones: what a list lacks says nothing against a cluster of which nothing can be there. */
import { PartialListError } from "../../errors.js"
import type { Calls, Instance, LaunchCall, Leftover, Provider, Selector } from "../../provider.js"
import type { Fleet } from "../state/context.js"

/** Before a launch call is sent: there may be something of the cluster in its zones from now on. */
export function recordZones({ polls }: Fleet, provider: Provider, { zone, offers }: LaunchCall): void {
  const zones = polls.get(provider)?.zones
  for (const one of zone === undefined ? offers.map((offer) => offer.zone) : [zone]) zones?.add(one)
}

/**
 * The instances of a list that could not be completed, where all of the cluster's that there can be are among them.
 *
 * @throws the error else.
 */
export function completeForCluster(fleet: Fleet, provider: Provider, error: unknown): readonly Instance[] {
  if (!(error instanceof PartialListError) || concerns(fleet, provider, error)) throw error
  return error.instances
}

/** What is left in the zones that answer, where nothing of the cluster can be in the others. */
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
