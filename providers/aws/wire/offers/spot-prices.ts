/** Spot prices: zones differ a little, and each price moves now and then, always the same way in the same world. */
import { createHash } from "node:crypto"
import type { World } from "../../../../src/simulator/index.js"

/** "Spot prices ... adjust gradually based on long-term trends": some times a day. */
const MOVES_MS = 6 * 3_600_000

/** By at most so much at a time. */
const MOST_MOVE = 0.1

/** The prices in force from `from` to `to`, in milliseconds since 1970: latest first, the one before `from` last. */
export function spotPrices(
  world: World,
  pool: { readonly instanceType: string; readonly zone: string },
  { from, to }: { readonly from: number; readonly to: number },
): readonly { readonly price: number; readonly since: number }[] {
  const base = basePrice(world, pool.instanceType, pool.zone)
  if (base === undefined) return []
  const first = periodOf(world, Math.min(from, to))
  const last = periodOf(world, to)
  return Array.from({ length: last - first + 1 }, (_, back) => {
    const period = last - back
    const price = Math.round(base * moved(pool, period) * 1e6) / 1e6
    return { price, since: sinceOf(world) + period * MOVES_MS }
  })
}

/** What a spot instance costs now. */
export function spotPrice(world: World, instanceType: string, zone: string): number | undefined {
  const now = world.clock.now()
  return spotPrices(world, { instanceType, zone }, { from: now, to: now })[0]?.price
}

function basePrice(world: World, instanceType: string, zone: string): number | undefined {
  const offer = world.offers.find(
    (sold) => sold.instanceType === instanceType && sold.zone === zone && sold.market === "spot",
  )
  if (offer?.pricePerHour === undefined) return undefined
  return offer.pricePerHour * (1 + world.settings.zones.indexOf(zone) / 100)
}

/** Since when this market has prices: the price that the world begins with is the first. */
function sinceOf(world: World): number {
  return Number(world.resources.get("spot-market", "since")?.attributes.at ?? 0)
}

function periodOf(world: World, at: number): number {
  return Math.max(0, Math.floor((at - sinceOf(world)) / MOVES_MS))
}

function moved(
  { instanceType, zone }: { readonly instanceType: string; readonly zone: string },
  period: number,
): number {
  if (period === 0) return 1
  const luck = createHash("sha256").update(`${instanceType}/${zone}/${period}`).digest().readUInt16BE(0) / 0xffff
  return 1 + (luck * 2 - 1) * MOST_MOVE
}
