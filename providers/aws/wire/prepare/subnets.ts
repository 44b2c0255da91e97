import type { Resource, World } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID } from "../world/account.js"
import { freeAddresses } from "./addresses.js"
import { filtersOf, passes } from "../client/filters.js"
import { checkId } from "../client/ids.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS } from "../client/shapes.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf } from "../client/action.js"

export const describeSubnets: Action = {
  members: {
    SubnetId: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeSubnets: 1 }),
  answer(world, values) {
    const ids = listOf(values.SubnetId)
    for (const id of ids) checkId("subnet", id)
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const missing = ids.find((id) => world.resources.get("subnet", id) === undefined)
    if (missing !== undefined)
      throw new Refusal("InvalidSubnetID.NotFound", `The subnet ID '${missing}' does not exist`)
    const all = world.resources.list({ kind: "subnet" }).filter(({ id }) => ids.length === 0 || ids.includes(id))
    const { page, token } = slice(
      all.filter((subnet) => passes(subnet, filters, textsOf)),
      values,
      { least: 5, most: 1000 },
    )
    return { subnetSet: page.map((subnet) => subnetXml(world, subnet)), nextToken: token }
  },
}

function textsOf({ id, attributes }: Resource, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "subnet-id":
      return [id]
    case "vpc-id":
      return [String(attributes.vpc)]
    case "availability-zone":
      return [String(attributes.zone)]
    case "default-for-az":
      return [String(attributes.isDefault)]
    default:
      return undefined
  }
}

function subnetXml(world: World, { id, attributes }: Resource): Xml {
  const zone = String(attributes.zone)
  return {
    subnetId: id,
    subnetArn: `arn:aws:ec2:${world.settings.region}:${ACCOUNT_ID}:subnet/${id}`,
    state: "available",
    ownerId: ACCOUNT_ID,
    vpcId: String(attributes.vpc),
    cidrBlock: String(attributes.cidr),
    availableIpAddressCount: freeAddresses(world, id),
    availabilityZone: zone,
    defaultForAz: attributes.isDefault === true,
    mapPublicIpOnLaunch: true,
    tagSet: [],
  }
}
