import type { Resource } from "../../../../src/simulator/index.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS } from "../client/shapes.js"
import { isoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf, type Reply, tagsXml } from "../client/action.js"

export const describeFleets: Action = {
  members: {
    FleetId: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeFleets: 1 }),
  answer(world, values) {
    const ids = listOf(values.FleetId)
    checkDryRun(values)
    // "If a fleet is of type instant, you must specify the fleet ID in the request, otherwise the fleet does not appear."
    const fleets = ids.map((id) => {
      const fleet = world.resources.get("fleet", id)
      if (fleet === undefined) throw new Refusal("InvalidFleetId.NotFound", `The fleet ID '${id}' does not exist`)
      return fleet
    })
    return { fleetSet: fleets.map(fleetXml) } satisfies Reply
  },
}

function fleetXml({ id, tags, attributes }: Resource): Xml {
  const { token, count, createdAt, instances, errors } = attributes as unknown as {
    readonly token: string
    readonly count: number
    readonly createdAt: number
    readonly instances: Xml
    readonly errors: Xml
  }
  return {
    fleetId: id,
    clientToken: token,
    type: "instant",
    fleetState: "active",
    createTime: isoTime(createdAt),
    targetCapacitySpecification: { totalTargetCapacity: count },
    errorSet: errors,
    fleetInstanceSet: instances,
    tagSet: tagsXml(tags),
  }
}
