/** Begin: loads what brings files and secrets to workers, where any are asked for. */
import type { Fleet } from "../../fleet/state/context.js"
import type { Deliveries } from "./deliveries.js"

export type { Deliveries } from "./deliveries.js"

export async function deliveriesOf(fleet: Fleet): Promise<Deliveries | undefined> {
  const isAsked = [...fleet.groups.values()].some(({ group }) => group.files.length > 0 || group.secrets.size > 0)
  if (!isAsked) return undefined
  const load = Promise.all([import("./deliveries.js"), import("../reach.js")])
  const [{ Deliveries: Loaded }, { Reach }] = await fleet.clock.busy("loading the library", load)
  const reach = new Reach(fleet)
  return new Loaded(fleet, { remoteTo: (worker) => reach.remoteTo(worker) })
}
