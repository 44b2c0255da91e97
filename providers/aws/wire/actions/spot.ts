/** Spot prices, and the requests that spot instances come from. */
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import { filtersOf, passes } from "../filters.js"
import { slice } from "../paging.js"
import { FILTERS } from "../shapes.js"
import { isoTime } from "../time.js"
import type { Xml } from "../xml.js"
import { type Action, checkDryRun, listOf, type Reply, tagTexts } from "./action.js"
import { spotRequestOf } from "./instance.js"
import { spotPrice } from "./launch-options.js"

const LINUX = "Linux/UNIX"

/** The price in force: what is asked for with start and end at the same moment. Prices do not move here. */
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
    const { page, token } = slice(sold, values, { least: 1, most: 1000 })
    const rows = page.map(({ instanceType, zone }) => ({
      instanceType,
      productDescription: LINUX,
      spotPrice: String(spotPrice(world, instanceType, zone)),
      timestamp: isoTime(world.clock.now() - 3_600_000),
      availabilityZone: zone,
    }))
    // "An empty string when there are no more items to return."
    return { spotPriceHistorySet: rows, nextToken: token ?? "" }
  },
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
