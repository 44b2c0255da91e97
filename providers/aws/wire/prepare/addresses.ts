import type { World } from "../../../../src/simulator/index.js"
import { SUBNET_ADDRESSES } from "../world/account.js"

/** Every instance has one address until it is terminated. */
export function freeAddresses(world: World, subnetId: string): number {
  const { zone, addresses = SUBNET_ADDRESSES } = world.resources.get("subnet", subnetId)?.attributes ?? {}
  const used = world
    .truth({ zones: [String(zone)], states: ["pending", "running", "stopped", "terminating"] })
    .filter(({ attributes }) => attributes.subnetId === subnetId)
  return Math.max(0, Number(addresses) - used.length)
}
