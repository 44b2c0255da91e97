/** One request for instances of several pools, in the order of the wish: a fleet, a flexible bulk insert. */
import type { JsonObject } from "../../provider.js"
import type { Pool } from "../stock/catalogue.js"
import type { CreateRequest } from "../world/create.js"
import type { Shortage } from "../world/state.js"
import type { WorldInstance } from "../world/life.js"
import type { World } from "../world/world.js"

/** What it made, and of which pools there were not enough. */
export interface Fleet {
  readonly ids: readonly string[]
  readonly shortages: readonly Shortage[]
}

export type FleetRequest = Omit<CreateRequest, "zone" | "instanceType" | "market" | "min" | "names" | "tokenScope"> & {
  readonly pools: readonly Pool[]
  readonly token: string
}

/** The same token returns what the first request made; undefined when it belongs to another request. */
export function createAcross(world: World, request: FleetRequest): Fleet | undefined {
  const now = world.clock.now()
  const body = request as unknown as JsonObject
  const known = world.tokens.find("fleet", request.token, body, now)
  if (known.kind === "mismatch") return undefined
  if (known.kind === "known") return known.made as Fleet
  const fleet = fill(world, request)
  world.tokens.keep("fleet", request.token, body, fleet, now)
  return fleet
}

function fill(world: World, { pools, token: _token, ...request }: FleetRequest): Fleet {
  const made: WorldInstance[] = []
  const shortages: Shortage[] = []
  for (const { zone, instanceType, market } of pools) {
    const max = request.max - made.length
    if (max === 0) break
    const creation = world.create({ ...request, zone, instanceType, market, min: 1, max })
    if (creation.kind !== "created") continue
    made.push(...creation.instances)
    if (creation.shortage !== undefined) shortages.push(creation.shortage)
  }
  return { ids: made.map(({ id }) => id), shortages: shared(shortages, request.max - made.length) }
}

/** What is missing in the end, shared over the pools that had too few: each is named, and the counts add up. */
function shared(shortages: readonly Shortage[], missing: number): readonly Shortage[] {
  const base = Math.floor(missing / Math.max(1, shortages.length))
  const over = missing - base * shortages.length
  return shortages
    .map((shortage, index) => ({ ...shortage, count: base + (index < over ? 1 : 0) }))
    .filter(({ count }) => count > 0)
}
