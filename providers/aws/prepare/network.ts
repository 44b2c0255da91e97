/** Where instances go, what reaches them, and how they reach the world: found, not made, but for Muster's own group. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { SpecError, type SpecProblem } from "../../../src/errors.js"
import type { Calls, GroupRequest, Owner } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import type { AwsOptions } from "../options.js"
import { groupsOf, type ToMake, wantedGroups } from "./groups/security-groups.js"
import { sharedPages } from "../client/pages.js"
import { defaultSubnets, describeSubnets, knownSubnets, readSubnets, type Subnet } from "../offers/subnets.js"
import { isOutOfReach } from "../client/errors.js"

export interface Network {
  /** Empty: EC2 finds the default subnet of each zone itself. */
  readonly subnets: readonly Subnet[]
  readonly securityGroupIds: readonly string[]
  readonly toMake: ToMake
  readonly notes: readonly string[]
}

/** "Public IPv4 address charge" since February 2024: the same in all regions, in use or idle. */
const ADDRESS_USD_PER_HOUR = 0.005

/** What is asked of the network. */
export interface NetworkRequest {
  readonly owner: Owner
  readonly group: GroupRequest
}

/**
 * Subnets, security groups and addresses of one group. Subnets that are named with their zones are used as they are, and
 * nothing is asked, unless something must be opened in their VPC.
 *
 * @throws SpecError for subnets of several VPCs, and where there is no default VPC.
 */
export async function networkOf(
  send: Send,
  options: AwsOptions,
  request: NetworkRequest,
  calls: Calls,
): Promise<Network> {
  const { group } = request
  const own = options.securityGroupIds ?? []
  const named = knownSubnets(options.subnetIds ?? [])
  const isTold = named.length > 0 && named.every((subnet) => subnet.zone !== undefined)
  const opened = openedBy(options, group)
  if (isTold && opened.length === 0) {
    return { subnets: named, securityGroupIds: own, toMake: {}, notes: addressNotes(named, group) }
  }
  const { subnets, notes } = await findSubnets(send, named, isTold, calls)
  const vpc = vpcOf(subnets)
  if (vpc === undefined) {
    if (opened.length > 0) throw new SpecError(opened)
    return { subnets, securityGroupIds: own, toMake: {}, notes: [...notes, ...addressNotes(subnets, group)] }
  }
  const wanted = wantedGroups(askedGroups(options, request))
  const [groups, routed] = await Promise.all([
    groupsOf(send, vpc, { wanted, own: options.tags ?? {} }, calls),
    group.publicAddress === "auto" ? withRoutes(send, vpc, subnets, calls) : subnets,
  ])
  return {
    subnets: routed,
    securityGroupIds: [...own, ...groups.ids],
    toMake: groups.toMake,
    notes: [...notes, ...groups.notes, ...addressNotes(routed, group)],
  }
}

function askedGroups({ sshFrom, securityGroupIds = [] }: AwsOptions, { owner, group }: NetworkRequest) {
  const peers = group.peers === true ? owner : undefined
  return { sshFrom, access: group.access?.from, peers, own: securityGroupIds.length > 0 }
}

/** What asks for a group in the subnets' VPC, as what is wrong with it where that VPC cannot be read. */
function openedBy({ sshFrom }: AwsOptions, { access, peers }: GroupRequest): readonly SpecProblem[] {
  const why = "the subnets' VPC cannot be read (ec2:DescribeSubnets is not allowed)"
  if (access !== undefined || peers === true) {
    const options = [...(access === undefined ? [] : ["cluster.access"]), ...(peers === true ? ["cluster.peers"] : [])]
    return options.map((option) => ({ option, message: `needs a security group, and ${why}; allow it` }))
  }
  if (sshFrom === undefined) return []
  const message = `is "${sshFrom}", and ${why}; name a group that is open to it in securityGroupIds instead`
  return [{ option: "aws.sshFrom", value: sshFrom, message }]
}

async function findSubnets(
  send: Send,
  named: readonly Subnet[],
  isTold: boolean,
  calls: Calls,
): Promise<{ readonly subnets: readonly Subnet[]; readonly notes: readonly string[] }> {
  if (isTold) {
    const ids = named.map((subnet) => subnet.id)
    const what = `reading the VPC of subnets ${ids.join(", ")}`
    return { subnets: await describeSubnets(send, { SubnetIds: ids }, what, calls), notes: [] }
  }
  if (named.length > 0) {
    const { subnets, note } = await readSubnets(send, named, calls)
    return { subnets, notes: note === undefined ? [] : [note] }
  }
  const found = await defaultSubnets(send, calls)
  if (found !== undefined) return { subnets: found, notes: [] }
  const note =
    "the network could not be looked up (ec2:DescribeSubnets is not allowed): each zone's default subnet and the default security group are used"
  return { subnets: [], notes: [note] }
}

function vpcOf(subnets: readonly Subnet[]): string | undefined {
  const vpcs = [...new Set(subnets.flatMap((subnet) => subnet.vpc ?? []))]
  if (vpcs.length <= 1) return vpcs[0]
  const list = subnets.map(({ id, vpc }) => `${id} in ${vpc ?? "?"}`).join(", ")
  const message = `are of several VPCs (${list}); name subnets of one, as instances of a cluster must reach each other`
  throw new SpecError([{ option: "aws.subnetIds", message }])
}

const TABLES_PAGE = 100

/** Which subnets' only way out is an internet gateway. Without the right to read routes each subnet's own setting holds. */
async function withRoutes(
  send: Send,
  vpc: string,
  subnets: readonly Subnet[],
  calls: Calls,
): Promise<readonly Subnet[]> {
  const input = { Filters: [{ Name: "vpc-id", Values: [vpc] }], MaxResults: TABLES_PAGE }
  try {
    const read = await sharedPages(send, calls, "DescribeRouteTables", { input, what: `reading the routes of ${vpc}` })
    const tables = read.flatMap((page) => page.RouteTables ?? [])
    return subnets.map((subnet) => ({ ...subnet, needsAddress: leadsToGateway(tableOf(tables, subnet.id)) }))
  } catch (error) {
    if (!isOutOfReach(error)) throw error
    return subnets
  }
}

/** Its own table, or the VPC's main one ("Subnet route tables", VPC User Guide). */
function tableOf(tables: readonly Ec2.RouteTable[], subnetId: string): Ec2.RouteTable | undefined {
  const associated = (is: (association: Ec2.RouteTableAssociation) => boolean) =>
    tables.find((table) => table.Associations?.some(is))
  return associated(({ SubnetId }) => SubnetId === subnetId) ?? associated(({ Main }) => Main === true)
}

function leadsToGateway(table: Ec2.RouteTable | undefined): boolean {
  const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0")
  return route?.GatewayId?.startsWith("igw-") ?? false
}

function addressNotes(subnets: readonly Subnet[], { publicAddress }: GroupRequest): readonly string[] {
  const price = `public IPv4 address (${ADDRESS_USD_PER_HOUR} USD an hour each, beside the instance's price)`
  if (publicAddress === true) return [`each instance gets a ${price}`]
  if (publicAddress === false) return []
  if (subnets.some((subnet) => subnet.needsAddress === true)) {
    return [`each instance gets a ${price}: its subnet's only way out is the internet gateway`]
  }
  const isUnknown = subnets.length === 0 || subnets.some((subnet) => subnet.needsAddress === undefined)
  return isUnknown ? [`whether an instance gets a ${price} is as its subnet says`] : []
}
