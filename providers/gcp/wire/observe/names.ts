/** Instances by zone and name: deletions come in thousands, and the world itself looks names up one by one. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"

const indexes = new WeakMap<World, Map<string, string>>()

export function noteNames(world: World, instances: readonly WorldInstance[]): void {
  const index = indexes.get(world) ?? new Map<string, string>()
  indexes.set(world, index)
  for (const { id, name, zone } of instances) index.set(`${zone}/${name ?? `vm-${id}`}`, id)
}

/**
 * The last that had this name; undefined if there never was one. Instances that others made in this world are looked up in the
 * world.
 */
export function byName(world: World, zone: string, name: string): WorldInstance | undefined {
  const noted = indexes.get(world)?.get(`${zone}/${name}`)
  return noted === undefined ? world.truth({ names: [name], zones: [zone] }).at(-1) : world.instance(noted)
}
