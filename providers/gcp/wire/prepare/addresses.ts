/** How many addresses a subnetwork has left: each instance in it takes one of its range. */
import type { World } from "../../../../src/simulator/index.js"
import { pathIn } from "../account.js"
import type { Properties } from "../client/messages.js"

/** "The first two and the last two addresses of the primary range cannot be used" ("Subnets", unusable addresses). */
const UNUSABLE = 4

/** The path of the subnetwork that these properties lead to; in a network of auto mode it has the network's name. */
export function subnetworkOf(world: World, project: string, { networkInterfaces = [] }: Properties): string {
  const [{ network = "global/networks/default", subnetwork } = {}] = networkInterfaces
  const name = network.split("/").at(-1) ?? ""
  return pathIn(project, subnetwork ?? `regions/${world.settings.region}/subnetworks/${name}`)
}

export function addressesLeft(world: World, project: string, properties: Properties): number {
  const path = subnetworkOf(world, project, properties)
  const [, bits = "0"] = String(world.resources.get("subnetwork", path)?.attributes.range ?? "").split("/")
  const used = world
    .truth({ states: ["pending", "running", "stopped", "terminating"] })
    .filter(({ attributes }) => subnetworkOf(world, project, (attributes.properties ?? {}) as Properties) === path)
  return Math.max(0, 2 ** (32 - Number(bits)) - UNUSABLE - used.length)
}
