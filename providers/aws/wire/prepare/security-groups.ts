import type { Json, JsonObject } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { canonicalRange } from "../../../../src/input/ranges.js"
import { ACCOUNT_ID, hexOf } from "../world/account.js"
import { attachedInstances, interfacesOf } from "../world/interfaces.js"
import { filtersOf, passes } from "../client/filters.js"
import { checkId } from "../client/ids.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS, type Shape, tagSpecifications, type Values } from "../client/shapes.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, isYoung, listOf, tagsXml, tagTexts } from "../client/action.js"
import { resourceTags, type TagSpecification } from "../client/tags.js"

const KIND = "security-group"

export const describeSecurityGroups: Action = {
  members: {
    GroupId: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeSecurityGroups: 1 }),
  answer(world, values) {
    const ids = listOf(values.GroupId)
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const all = ids.length === 0 ? world.resources.list({ kind: KIND }) : ids.map((id) => groupOf(world, id))
    const { page, token } = slice(
      all.filter((group) => passes(group, filters, textsOf)),
      values,
      { least: 5, most: 1000 },
    )
    return { securityGroupInfo: page.map(groupXml), nextToken: token }
  },
}

function textsOf({ id, attributes, tags }: Resource, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "group-id":
      return [id]
    case "group-name":
      return [String(attributes.name)]
    case "vpc-id":
      return [String(attributes.vpc)]
    default:
      return tagTexts(tags, filter)
  }
}

interface GroupRequest {
  readonly GroupName: string
  readonly GroupDescription: string
  readonly VpcId?: string
  readonly TagSpecification?: readonly TagSpecification[]
}

/** "a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*" (CreateSecurityGroup, EC2 API Reference). */
const TEXT = /^[\w .\-:/()#,@[\]+=&;{}!$*]{1,255}$/

/** "VPC security groups per Region: 2,500", "Inbound or outbound rules per security group: 60" (Amazon VPC quotas). */
const MOST_GROUPS = 2500
const MOST_RULES = 60

export const createSecurityGroup: Action = {
  members: {
    "GroupName!": "string",
    "GroupDescription!": "string",
    VpcId: "string",
    TagSpecification: tagSpecifications(KIND),
    DryRun: "boolean",
  },
  cost: () => ({ CreateSecurityGroup: 1 }),
  answer(world, values) {
    const {
      GroupName: name,
      GroupDescription: description,
      VpcId,
      TagSpecification = [],
    } = values as unknown as GroupRequest
    const [vpc] = world.resources
      .list({ kind: "vpc" })
      .filter(({ id, attributes }) => (VpcId === undefined ? attributes.isDefault === true : id === VpcId))
    if (vpc === undefined)
      throw new Refusal("InvalidVpcID.NotFound", `The vpc ID '${VpcId ?? "default"}' does not exist`)
    if (!TEXT.test(name) || name.startsWith("sg-") || !TEXT.test(description)) {
      throw new Refusal("InvalidParameterValue", `Value (${name}, ${description}) for a group's texts is invalid.`)
    }
    checkDryRun(values)
    const isInUse = world.resources
      .list({ kind: KIND })
      .some(({ attributes }) => attributes.vpc === vpc.id && attributes.name === name)
    if (isInUse) {
      throw new Refusal("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpc.id}'`)
    }
    if (world.resources.list({ kind: KIND }).length >= MOST_GROUPS) {
      throw new Refusal(
        "SecurityGroupLimitExceeded",
        "The maximum number of security groups for your account has been reached.",
      )
    }
    const tags = resourceTags(TagSpecification)
    const id = `sg-0${hexOf(`${vpc.id}/${name}/${world.ledger.count()}`, 16)}`
    const attributes = { vpc: vpc.id, name, description, rules: [], createdAt: world.clock.now() }
    world.resources.add({ kind: KIND, id, tags, attributes })
    return { groupId: id, tagSet: tagsXml(tags) }
  },
}

const PERMISSIONS: Shape = {
  list: {
    struct: {
      "IpProtocol!": "string",
      FromPort: "integer",
      ToPort: "integer",
      Groups: { list: { struct: { GroupId: "string" } } },
      IpRanges: { list: { struct: { CidrIp: "string" } } },
      Ipv6Ranges: { list: { struct: { CidrIpv6: "string" } } },
    },
  },
}

export const authorizeSecurityGroupIngress: Action = {
  members: { "GroupId!": "string", "IpPermissions!": PERMISSIONS, DryRun: "boolean" },
  cost: () => ({ AuthorizeSecurityGroupIngress: 1 }),
  answer(world, values, habits) {
    const group = groupOf(world, String(values.GroupId))
    if (isYoung(world, group, habits)) throw unknownGroup(group.id)
    const rules = rulesOf(group)
    const asked = listOf<JsonObject>(values.IpPermissions).map(canonical)
    checkDryRun(values)
    const known = new Set(rules.map((rule) => JSON.stringify(rule)))
    if (asked.some((rule) => known.has(JSON.stringify(rule)))) {
      throw new Refusal("InvalidPermission.Duplicate", "The specified rule already exists.")
    }
    if (rules.length + asked.length > MOST_RULES) {
      throw new Refusal(
        "RulesPerSecurityGroupLimitExceeded",
        "The maximum number of rules per security group has been reached.",
      )
    }
    world.resources.put({ ...group, attributes: { ...group.attributes, rules: [...rules, ...asked] } })
    return { return: true }
  },
}

/** "Amazon Web Services canonicalizes IPv4 and IPv6 CIDRs" (IpRange, EC2 API Reference). */
function canonical({ IpRanges, Ipv6Ranges, ...rest }: JsonObject): JsonObject {
  const v4 = listOf<{ CidrIp: string }>(IpRanges).map(({ CidrIp }) => ({ CidrIp: canonicalRange(CidrIp) }))
  const v6 = listOf<{ CidrIpv6: string }>(Ipv6Ranges).map(({ CidrIpv6 }) => ({ CidrIpv6: canonicalRange(CidrIpv6) }))
  return {
    ...rest,
    ...(v4.length === 0 ? {} : { IpRanges: v4 }),
    ...(v6.length === 0 ? {} : { Ipv6Ranges: v6 }),
  }
}

export const deleteSecurityGroup: Action = {
  members: { "GroupId!": "string", DryRun: "boolean" },
  cost: () => ({ DeleteSecurityGroup: 1 }),
  answer(world, values: Values) {
    const group = groupOf(world, String(values.GroupId))
    checkDryRun(values)
    if (isUsed(world, group.id)) throw new Refusal("DependencyViolation", `resource ${group.id} has a dependent object`)
    world.resources.delete(KIND, group.id)
    return {}
  },
}

/** By an interface, or by a rule of another group ("DeleteSecurityGroup", EC2 API Reference). */
function isUsed(world: World, id: string): boolean {
  const isNamed = (group: Resource) =>
    rulesOf(group).some(({ Groups }) => listOf<{ GroupId: string }>(Groups).some(({ GroupId }) => GroupId === id))
  const others = world.resources.list({ kind: KIND }).filter((group) => group.id !== id)
  return (
    others.some(isNamed) ||
    attachedInstances(world).some((one) => interfacesOf(world, one).some(({ groups }) => groups.includes(id)))
  )
}

export function groupOf(world: World, id: string): Resource {
  checkId("sg", id)
  const group = world.resources.get(KIND, id)
  if (group === undefined) throw unknownGroup(id)
  return group
}

export function unknownGroup(id: string): Refusal {
  return new Refusal("InvalidGroup.NotFound", `The security group '${id}' does not exist`)
}

export function rulesOf({ attributes }: Resource): readonly JsonObject[] {
  return listOf<JsonObject>(attributes.rules)
}

function groupXml(group: Resource): Xml {
  const { id, attributes, tags } = group
  return {
    ownerId: ACCOUNT_ID,
    groupName: String(attributes.name),
    groupDescription: String(attributes.description ?? "default VPC security group"),
    groupId: id,
    vpcId: String(attributes.vpc),
    ipPermissions: rulesOf(group).map(ruleXml),
    tagSet: tagsXml(tags),
  }
}

function ruleXml(rule: JsonObject): Xml {
  const port = (value: Json | undefined) => (value === undefined ? undefined : Number(value))
  return {
    ipProtocol: String(rule.IpProtocol),
    fromPort: port(rule.FromPort),
    toPort: port(rule.ToPort),
    groups: listOf<{ GroupId: string }>(rule.Groups).map(({ GroupId }) => ({ userId: ACCOUNT_ID, groupId: GroupId })),
    ipRanges: listOf<{ CidrIp: string }>(rule.IpRanges).map(({ CidrIp }) => ({ cidrIp: CidrIp })),
    ipv6Ranges: listOf<{ CidrIpv6: string }>(rule.Ipv6Ranges).map(({ CidrIpv6 }) => ({ cidrIpv6: CidrIpv6 })),
  }
}
