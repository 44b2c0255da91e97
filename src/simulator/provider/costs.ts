/** Costs: the units that a request of the simulated provider consumes, of the buckets that its world has. */
import type { Cost } from "../../provider.js"
import type { World } from "../world/world.js"

export function costIn(world: World, cost: Cost): Cost {
  return Object.fromEntries(Object.entries(cost).filter(([bucket]) => bucket in world.settings.buckets))
}

/** The bucket for requests of this kind where a world has one of its own, else the one for all that change something. */
export function writeBucket(world: World, kind: "creates" | "terminations"): string {
  return kind in world.settings.buckets ? kind : "writes"
}
