/** Spot prices, and the requests that spot instances come from. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { filtersOf, passes } from "../client/filters.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS, type Values } from "../client/shapes.js"
import { spotPrices } from "./spot-prices.js"
import { isoTime, parseIsoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf, type Reply, tagTexts } from "../client/action.js"
import { spotRequestOf } from "../observe/instance.js"

const LINUX = "Linux/UNIX"

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

export const describeSpotInstanceRequests: Action = {
  members: {
    SpotInstanceRequestId: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeSpotInstanceRequests: 1 }),
  answer(world, values) {
    const filters = filtersOf(values.Filter)
    const ids = listOf(values.SpotInstanceRequestId)
    checkDryRun(values)
    const notices = new Map(world.notices().map(({ id, at }) => [id, at]))
    const requests = world
      .visible({ market: "spot" })
      .map((instance) => requestOf(world, instance, notices.get(instance.id)))
      .filter(({ id }) => ids.length === 0 || ids.includes(id))
      .filter((request) => passes(request, filters, textsOf))
    const { page, token } = slice(requests, values, { least: 5, most: 1000 })
    return { spotInstanceRequestSet: page.map(requestXml), nextToken: token } satisfies Reply
  },
}

interface SpotRequest {
  readonly id: string
  readonly instance: WorldInstance
  readonly code: string
  readonly updatedAt: number
}

/** "Spot request status codes"; what a user ended is closed by that, what was taken back by the lack of capacity. */
function requestOf(world: World, instance: WorldInstance, takenAt: number | undefined): SpotRequest {
  const { id: instanceId, endReason, leftAt, createdAt } = instance
  const base = { id: spotRequestOf(instanceId), instance }
  if (leftAt !== undefined) {
    const isTaken = endReason?.reason === "interrupted"
    return {
      ...base,
      code: isTaken ? "instance-terminated-no-capacity" : "instance-terminated-by-user",
      updatedAt: leftAt,
    }
  }
  if (takenAt !== undefined) {
    return { ...base, code: "marked-for-termination", updatedAt: takenAt - world.settings.noticeMs }
  }
  return { ...base, code: "fulfilled", updatedAt: createdAt }
}

function textsOf({ id, instance, code }: SpotRequest, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "status-code":
      return [code]
    case "instance-id":
      return [instance.id]
    case "spot-instance-request-id":
      return [id]
    case "state":
      return [stateOf(code)]
    default:
      // Fleets cannot tag the requests that they make.
      return tagTexts({}, filter)
  }
}

function stateOf(code: string): string {
  return code.startsWith("instance-") ? "closed" : "active"
}

function requestXml({ id, instance, code, updatedAt }: SpotRequest): Xml {
  return {
    spotInstanceRequestId: id,
    type: "one-time",
    state: stateOf(code),
    status: { code, updateTime: isoTime(updatedAt), message: code },
    instanceId: instance.id,
    createTime: isoTime(instance.createdAt),
    productDescription: LINUX,
    launchedAvailabilityZone: instance.zone,
    instanceInterruptionBehavior: "terminate",
  }
}
