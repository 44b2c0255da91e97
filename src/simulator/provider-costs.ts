/** What a request of the simulated provider draws: only on buckets that its world has. */
import type { Cost } from "../provider.js"
import type { World } from "./world.js"

export function costIn(world: World, cost: Cost): Cost {
  return Object.fromEntries(Object.entries(cost).filter(([bucket]) => bucket in world.settings.buckets))
}
