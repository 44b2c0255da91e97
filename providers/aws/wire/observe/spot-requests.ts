/** The requests that spot instances come from. */
import { type Action, type Reply, checkDryRun, listOf, tagTexts } from "../client/action.js"
import { FILTERS } from "../client/shapes.js"
import { LINUX } from "../offers/spot.js"
import type { World, WorldInstance } from "../../../../src/simulator/index.js"
import type { Xml } from "../client/xml.js"
import { filtersOf, passes } from "../client/filters.js"
import { isoTime } from "../client/time.js"
import { slice } from "../client/paging.js"
import { spotRequestOf } from "./instance.js"

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

export interface SpotRequest {
  readonly id: string
  readonly instance: WorldInstance
  readonly code: string
  readonly updatedAt: number
}

/** "Spot request status codes"; a request is closed by the user, or by an interruption for lack of capacity. */
function requestOf(world: World, instance: WorldInstance, interruptedAt: number | undefined): SpotRequest {
  const { id: instanceId, endReason, leftAt, createdAt } = instance
  const base = { id: spotRequestOf(instanceId), instance }
  if (leftAt !== undefined) {
    const isInterrupted = endReason?.reason === "interrupted"
    return {
      ...base,
      code: isInterrupted ? "instance-terminated-no-capacity" : "instance-terminated-by-user",
      updatedAt: leftAt,
    }
  }
  if (interruptedAt !== undefined) {
    return { ...base, code: "marked-for-termination", updatedAt: interruptedAt - world.settings.noticeMs }
  }
  return { ...base, code: "fulfilled", updatedAt: createdAt }
}

export function stateOf(code: string): string {
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
