/** Spot prices, as they have been over time. */
import type { World } from "../../../../src/simulator/index.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS, type Values } from "../client/shapes.js"
import { spotPrices } from "./spot-prices.js"
import { isoTime, parseIsoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf } from "../client/action.js"

export const LINUX = "Linux/UNIX"

/** All prices of a span, latest first, and the one that was in force when it began. */
export const describeSpotPriceHistory: Action = {
  members: {
    InstanceType: { list: "string" },
    ProductDescription: { list: "string" },
    AvailabilityZone: "string",
    StartTime: "string",
    EndTime: "string",
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeSpotPriceHistory: 1 }),
  answer(world, values) {
    checkDryRun(values)
    const types = listOf(values.InstanceType)
    const products = listOf(values.ProductDescription)
    const isLinux = products.length === 0 || products.includes(LINUX)
    const sold = world.offers.filter(
      ({ market, instanceType, pricePerHour }) =>
        isLinux &&
        market === "spot" &&
        pricePerHour !== undefined &&
        (types.length === 0 || types.includes(instanceType)),
    )
    const rows = sold.flatMap((pool) => pricesXml(world, pool, spanOf(world, values)))
    const { page, token } = slice(rows, values, { least: 1, most: 1000 })
    // "An empty string when there are no more items to return."
    return { spotPriceHistorySet: page, nextToken: token ?? "" }
  },
}

function pricesXml(
  world: World,
  pool: { readonly instanceType: string; readonly zone: string },
  span: { readonly from: number; readonly to: number },
): readonly Xml[] {
  return spotPrices(world, pool, span).map(({ price, since }) => ({
    instanceType: pool.instanceType,
    productDescription: LINUX,
    spotPrice: String(price),
    timestamp: isoTime(since),
    availabilityZone: pool.zone,
  }))
}

/** "Up to the past 90 days"; without a start, all of them. */
function spanOf(world: World, { StartTime, EndTime }: Values): { readonly from: number; readonly to: number } {
  const to = EndTime === undefined ? world.clock.now() : isoMoment(String(EndTime))
  return { from: StartTime === undefined ? to - 90 * 86_400_000 : isoMoment(String(StartTime)), to }
}

function isoMoment(text: string): number {
  const at = parseIsoTime(text)
  if (at !== undefined) return at
  throw new Refusal("InvalidParameterValue", `Value (${text}) for parameter is invalid. It must be a time.`)
}
