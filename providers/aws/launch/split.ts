/** From a wish to launch calls: which of EC2's two calls, how many, and of what. Pure. */
import { createHash } from "node:crypto"
import type { LaunchCall, Offer, Prepared, Room, Wish } from "../../../src/provider.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { fleetCalls } from "./fleet-bodies.js"
import { LAUNCH_BATCH, RUN_REQUESTS } from "../limits.js"
import { runCalls } from "./run-bodies.js"
import { placeOf, type Subnet } from "../offers/subnets.js"
import type { Splitting } from "./bodies.js"

/**
 * RunInstances for on demand from few pools and for reservations: no template to make, and a repeated call names its
 * instances at once. CreateFleet for spot, for many types, and where more calls would be needed than RunInstances' bucket
 * lets through at once: EC2 falls over between pools by itself, and its bucket is ten times as large.
 */
export function split(wish: Wish, prepared: Prepared, room: Room): readonly LaunchCall[] {
  const blueprint = prepared.body as unknown as Blueprint
  const pools = poolsOf(wish, blueprint)
  if (pools.length === 0 || wish.count <= 0) return []
  const tokenOf = (index: number) =>
    createHash("sha256").update(`${wish.uid}/${wish.id}/${index}`).digest("hex").slice(0, 32)
  const splitting = { wish, blueprint, pools, room, tokenOf }
  return usesFleet(splitting) ? fleetCalls(splitting) : runCalls(splitting)
}

function poolsOf({ offers, spread }: Wish, { subnets }: Blueprint): readonly Offer[] {
  const open = offers.filter(({ zone }) => hasSubnet(subnets, zone))
  return spread === "zones" ? open : open.filter(({ zone }) => zone === open[0]?.zone)
}

function hasSubnet(subnets: readonly Subnet[], zone: string): boolean {
  // One subnet needs no zone: there is nothing to choose.
  return subnets.length === 0 || (subnets.length === 1 && subnets[0]?.zone === undefined) || isAmong(subnets, zone)
}

function isAmong(subnets: readonly Subnet[], zone: string): boolean {
  return subnets.some((subnet) => placeOf(subnet) === zone)
}

/** "One type, or few": above it EC2 chooses better between pools than one call for each pool does. */
const FEW_POOLS = 4

function usesFleet({ wish, blueprint, pools, room }: Splitting): boolean {
  const { fleet, fleetRate, reservation } = blueprint.options
  if (fleet === false || reservation !== undefined) return false
  if (fleet === true || wish.market === "spot") return true
  const types = new Set(pools.map(({ instanceType }) => instanceType)).size
  if (types > 1 && pools.length > FEW_POOLS) return true
  const zones = new Set(pools.map(({ zone }) => zone)).size
  const requests = Math.max(Math.min(zones, wish.count), Math.ceil(wish.count / LAUNCH_BATCH))
  // Where fleets consume the same limit of instances, a large batch does not wait for RunInstances' requests.
  if (requests > RUN_REQUESTS && fleetRate === "separate") return true
  const isDry = (room.levels.RunInstances ?? RUN_REQUESTS) < Math.min(requests, RUN_REQUESTS)
  return isDry && fleetRate === "separate"
}
