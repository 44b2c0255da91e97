/** In which order, and by how much at a time, a fleet uses its pools ("Allocation strategies"). */
import type { JsonObject, Market } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { spotPrice } from "../offers/spot-prices.js"

export interface Pool {
  readonly override: {
    readonly InstanceType?: string
    readonly MaxPrice?: string
    readonly SubnetId?: string
    readonly AvailabilityZone?: string
    readonly Priority?: number
    readonly Placement?: { readonly GroupName?: string; readonly Tenancy?: string }
  }
  readonly template: Resource
  readonly content: JsonObject
}

interface Asked {
  readonly strategy: string
  readonly market: Market
  readonly total: number
}

export interface Turn {
  readonly pool: Pool
  readonly share: number
}

/** The first round is spread over so many pools, where the strategy depends on capacity; then the pools with more capacity follow. */
const WIDTH = 4

/** The launch order of the pools: capacity-minded strategies spread a first round, then all go through once, best first. */
export function byStrategy(world: World, pools: readonly Pool[], { strategy, market, total }: Asked): readonly Turn[] {
  const ranked = [...pools].sort((a, b) => rankOf(world, a, strategy, market) - rankOf(world, b, strategy, market))
  const rest = ranked.map((pool) => ({ pool, share: total }))
  const isWide = strategy !== "lowest-price" && strategy !== "prioritized"
  if (!isWide) return rest
  const width = strategy === "diversified" ? ranked.length : WIDTH
  const first = ranked.filter((pool) => roomIn(world, pool, market) > 0).slice(0, width)
  const share = Math.ceil(total / Math.max(1, first.length))
  return [...first.map((pool) => ({ pool, share: Math.min(share, roomIn(world, pool, market)) })), ...rest]
}

function rankOf(world: World, pool: Pool, strategy: string, market: Market): number {
  if (strategy === "prioritized") return pool.override.Priority ?? Number.MAX_SAFE_INTEGER
  const { InstanceType = "", AvailabilityZone = "" } = pool.override
  if (strategy.startsWith("capacity-optimized")) return -roomIn(world, pool, market)
  const offer = world.offers.find(({ instanceType, market: sold }) => instanceType === InstanceType && sold === market)
  const price = market === "spot" ? spotPrice(world, InstanceType, AvailabilityZone) : offer?.pricePerHour
  return price ?? Number.MAX_SAFE_INTEGER
}

function roomIn(world: World, { override }: Pool, market: Market): number {
  const { InstanceType: instanceType = "", AvailabilityZone: zone = "" } = override
  return Math.min(world.stock({ zone, instanceType, market }), Number.MAX_SAFE_INTEGER)
}
