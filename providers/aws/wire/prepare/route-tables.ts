import type { Resource } from "../../../../src/simulator/index.js"
import { filtersOf, passes } from "../client/filters.js"
import { slice } from "../client/paging.js"
import { FILTERS } from "../client/shapes.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, tagTexts } from "../client/action.js"

export const describeRouteTables: Action = {
  members: { Filter: FILTERS, MaxResults: "integer", NextToken: "string", DryRun: "boolean" },
  cost: () => ({ DescribeRouteTables: 1 }),
  answer(world, values) {
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const found = world.resources.list({ kind: "route-table" }).filter((table) => passes(table, filters, textsOf))
    const { page, token } = slice(found, values, { least: 5, most: 100 })
    return { routeTableSet: page.map(tableXml), nextToken: token }
  },
}

function textsOf({ attributes, tags }: Resource, filter: string): readonly string[] | undefined {
  return filter === "vpc-id" ? [String(attributes.vpc)] : tagTexts(tags, filter)
}

/** The VPC's main table, or one of its own for a subnet. Its default route leads to a gateway, a NAT, or nowhere. */
function tableXml({ id, attributes }: Resource): Xml {
  const { vpc, main, subnet, gateway, nat } = attributes
  const local = {
    destinationCidrBlock: "172.31.0.0/16",
    gatewayId: "local",
    state: "active",
    origin: "CreateRouteTable",
  }
  const way = gateway === undefined ? { natGatewayId: String(nat) } : { gatewayId: String(gateway) }
  const isOpen = gateway !== undefined || nat !== undefined
  const outside = { destinationCidrBlock: "0.0.0.0/0", ...way, state: "active", origin: "CreateRoute" }
  return {
    routeTableId: id,
    vpcId: String(vpc),
    routeSet: [local, ...(isOpen ? [outside] : [])],
    associationSet: [
      {
        routeTableAssociationId: `rtbassoc-${id.slice(4)}`,
        routeTableId: id,
        main: main === true,
        ...(subnet === undefined ? {} : { subnetId: String(subnet) }),
      },
    ],
    tagSet: [],
  }
}
