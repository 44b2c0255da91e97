/** Opens and closes port 22 of instances that live, by the security groups that their network interfaces are in. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { RejectedError } from "../../../../src/errors.js"
import type { AccessControl, Calls, Instance, Opening, Owner } from "../../../../src/provider.js"
import type { Explain } from "../../client/decode.js"
import type { Send } from "../../client/send.js"
import { chunks, pages } from "../../client/pages.js"
import { FILTER_VALUES, PAGE } from "../../limits.js"
import type { AwsOptions } from "../../options.js"
import { rangesOf } from "../../prepare/groups/promise.js"
import { SHARED_TAG, SSH_PREFIX } from "../../prepare/groups/specs.js"
import { groupsOf, wantedGroups } from "../../prepare/groups/security-groups.js"
import { changeGroups } from "./change-groups.js"
import { type Interface, interfacesOf } from "./interfaces.js"
import { joinGroups } from "./join-groups.js"

/** @param explain decodes what EC2 says encoded of a missing right. */
export function accessControl(send: Send, options: AwsOptions, explain: Explain): AccessControl {
  return {
    openings: (owner, instances, calls) => explain(calls, openings(send, owner, instances, calls)),
    open: (owner, { from }, instances, calls) => explain(calls, open(send, options, { owner, from, instances }, calls)),
    close: (owner, instances, calls) => explain(calls, close(send, owner, instances, calls)),
  }
}

async function openings(send: Send, owner: Owner, instances: readonly Instance[], calls: Calls) {
  return openingsOf(send, await interfacesOf(send, owner, instances, calls), calls)
}

interface ToOpen {
  readonly owner: Owner
  readonly from: readonly string[]
  readonly instances: readonly Instance[]
}

async function open(send: Send, options: AwsOptions, { owner, from, instances }: ToOpen, calls: Calls) {
  const interfaces = await interfacesOf(send, owner, instances, calls)
  const groups = await rangeGroups(send, options, { interfaces, from }, calls)
  return openingsOf(send, await joinGroups(send, { owner, instances, groups }, calls), calls)
}

async function close(send: Send, owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void> {
  const interfaces = await interfacesOf(send, owner, instances, calls)
  const groups = await readGroups(send, interfaces, calls)
  const ranges = new Set(groups.filter(isRangeGroup).flatMap(({ GroupId }) => GroupId ?? []))
  const left = interfaces.map((one) => ({ ...one, groups: one.groups.filter((id) => !ranges.has(id)) }))
  const bare = left.find((one) => one.groups.length === 0)
  if (bare !== undefined) throw leftWithout(bare, ranges)
  await changeGroups(send, interfaces, left, calls)
}

/** The groups of the ranges, in each VPC that has an instance. */
async function rangeGroups(
  send: Send,
  { tags: own = {} }: AwsOptions,
  { interfaces, from }: { readonly interfaces: readonly Interface[]; readonly from: readonly string[] },
  calls: Calls,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const wanted = wantedGroups({ access: from, own: true })
  const vpcs = [...new Set(interfaces.map(({ vpc }) => vpc))]
  const found = await Promise.all(
    vpcs.map(async (vpc) => [vpc, (await groupsOf(send, vpc, { wanted, own }, calls)).ids] as const),
  )
  return new Map(found)
}

/** An interface is in one group at least; what the last one would be is not ours to choose. */
function leftWithout({ id, instance }: Interface, ranges: ReadonlySet<string>): RejectedError {
  const groups = [...ranges].join(", ")
  return new RejectedError(
    `closing ssh to ${instance}: its interface ${id} is in no security group but those to be taken off (${groups}), and EC2 leaves none without; put it into another group first`,
    { code: "LastGroup" },
  )
}

async function readGroups(
  send: Send,
  interfaces: readonly Interface[],
  calls: Calls,
): Promise<readonly Ec2.SecurityGroup[]> {
  const ids = [...new Set(interfaces.flatMap(({ groups }) => groups))]
  const what = "reading the security groups of instances"
  const read = await Promise.all(
    chunks(ids, FILTER_VALUES).map((some) => {
      const input = { Filters: [{ Name: "group-id", Values: [...some] }], MaxResults: PAGE }
      return pages(send, calls, "DescribeSecurityGroups", { input, what })
    }),
  )
  return read.flat().flatMap(({ SecurityGroups = [] }) => SecurityGroups)
}

/** Only what Muster has made is taken off. */
function isRangeGroup({ GroupName = "", Tags = [] }: Ec2.SecurityGroup): boolean {
  return GroupName.startsWith(SSH_PREFIX) && Tags.some(({ Key, Value }) => Key === SHARED_TAG && Value === "true")
}

/** The groups that let address ranges in to port 22, whoever made them; not those by which instances reach each other. */
async function openingsOf(send: Send, interfaces: readonly Interface[], calls: Calls): Promise<readonly Opening[]> {
  const groups = await readGroups(send, interfaces, calls)
  return groups.flatMap(({ GroupId: rule = "", IpPermissions = [] }) => {
    const from = [...new Set(IpPermissions.filter(isForSsh).flatMap(rangesOf))]
    return from.length === 0 ? [] : [{ rule, from }]
  })
}

/** TCP is "tcp" or its number, 6; of -1, all protocols, every port is open. */
function isForSsh({ IpProtocol, FromPort = 0, ToPort = 65_535 }: Ec2.IpPermission): boolean {
  return IpProtocol === "-1" || (["tcp", "6"].includes(IpProtocol ?? "") && FromPort <= 22 && 22 <= ToPort)
}
