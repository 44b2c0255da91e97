/** The security groups that Muster makes: found, or made with their one rule. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError, TransientError } from "../../../../src/errors.js"
import type { Calls, Owner, Prepared } from "../../../../src/provider.js"
import type { Send } from "../../client/send.js"
import { pages } from "../../client/pages.js"
import { NO_ROOM_FOR_GROUPS } from "../../client/quota-codes.js"
import { isOutOfReach } from "../../client/errors.js"
import { checkPromise } from "./promise.js"
import { accessGroup, BASE, type GroupSpec, peersGroup, sshGroup } from "./specs.js"
import { tagList } from "../tags.js"
import type { Tags } from "../../../../src/tables/tag-rules.js"

const GROUPS_PAGE = 1000

/** A group and its one rule. */
const GROUP_COST = { CreateSecurityGroup: 1, AuthorizeSecurityGroupIngress: 1 } as const

/** Costs by what is made. */
export type ToMake = NonNullable<Prepared["toMake"]>

export interface FoundGroups {
  readonly ids: readonly string[]
  /** What is made with the first launch. */
  readonly toMake: ToMake
  readonly notes: readonly string[]
}

export interface AskedGroups {
  /** The range that the provider's options open to. */
  readonly sshFrom?: string | undefined
  /** The ranges that the cluster's spec opens to. */
  readonly access?: readonly string[] | undefined
  /** The cluster whose workers reach one another by a group of its own. */
  readonly peers?: Owner | undefined
  /** The user has named groups: Muster's is not added to them. */
  readonly own: boolean
}

/** Of these only the first may be done without. A cluster's own group stands in for the shared one, which neighbours are in as well. */
export function wantedGroups({ sshFrom, access, peers, own }: AskedGroups): readonly GroupSpec[] {
  const ranges = access === undefined ? [sshFrom ?? []].flat().map(sshGroup) : access.map(accessGroup)
  const unique = new Map(ranges.map((spec) => [spec.name, spec]))
  return [...(peers === undefined ? (own ? [] : [BASE]) : [peersGroup(peers)]), ...unique.values()]
}

/**
 * The ids of the groups in this VPC, made when they are not there yet. Without the right to read or make them the VPC's
 * default group is used, which lets in the same, unless it was changed; but not where something is to be opened.
 *
 * @param vpc the id of the VPC.
 * @param own the user's own tags, for what is made.
 */
export async function groupsOf(
  send: Send,
  vpc: string,
  { wanted, own }: { readonly wanted: readonly GroupSpec[]; readonly own: Tags },
  calls: Calls,
): Promise<FoundGroups> {
  if (wanted.length === 0) return { ids: [], toMake: {}, notes: [] }
  try {
    const known = await readGroups(send, vpc, wanted, calls)
    const missing = wanted.filter(({ name }) => !known.has(name))
    if (calls.readOnly && missing.length > 0) {
      const names = missing.map(({ name }) => name).join(", ")
      const notes = [`security group ${names} comes into ${vpc} with the first launch`]
      const each = missing.map(({ name }) => [`security group ${name} of ${vpc}`, GROUP_COST] as const)
      return { ids: [...known.values()], toMake: Object.fromEntries(each), notes }
    }
    const made = await Promise.all(missing.map((spec) => makeGroup(send, { vpc, spec, own }, calls)))
    return { ids: [...known.values(), ...made].sort(), toMake: {}, notes: [] }
  } catch (error) {
    const isDispensable = wanted.every((spec) => spec === BASE)
    if (!(isOutOfReach(error) || lacksRoom(error)) || !isDispensable) throw error
    const note = `Muster's security group could not be read or made (${messageOf(error)}); the default group of ${vpc} is used`
    return { ids: [], toMake: {}, notes: [note] }
  }
}

/** The region has as many groups as it may have, or a group as many rules. */
function lacksRoom(error: unknown): boolean {
  return error instanceof MusterError && NO_ROOM_FOR_GROUPS.includes(error.code)
}

async function readGroups(
  send: Send,
  vpc: string,
  wanted: readonly GroupSpec[],
  calls: Calls,
): Promise<Map<string, string>> {
  const filters = { "vpc-id": [vpc], "group-name": wanted.map(({ name }) => name) }
  const input = {
    Filters: Object.entries(filters).map(([Name, Values]) => ({ Name, Values })),
    MaxResults: GROUPS_PAGE,
  }
  const read = await pages(send, calls, "DescribeSecurityGroups", { input, what: `reading security groups of ${vpc}` })
  const groups = read.flatMap((page) => page.SecurityGroups ?? [])
  for (const group of groups) checkPromise(group, specNamed(wanted, group.GroupName ?? ""))
  // One that was made and whose rule was lost on the way gets it now.
  const bare = groups.filter((group) => (group.IpPermissions ?? []).length === 0)
  if (!calls.readOnly) {
    await Promise.all(
      bare.map((group) => openGroup(send, group.GroupId ?? "", specNamed(wanted, group.GroupName ?? ""), calls)),
    )
  }
  return new Map(groups.map((group) => [group.GroupName ?? "", group.GroupId ?? ""]))
}

function specNamed(wanted: readonly GroupSpec[], name: string): GroupSpec {
  return wanted.find((spec) => spec.name === name) ?? BASE
}

interface Making {
  readonly vpc: string
  readonly spec: GroupSpec
  /** The user's own tags. */
  readonly own: Tags
}

/** Two that make it at the same moment: the name is there once, and the second one reads it. */
async function makeGroup(send: Send, { vpc, spec, own }: Making, calls: Calls): Promise<string> {
  const input: Ec2.CreateSecurityGroupCommandInput = {
    GroupName: spec.name,
    Description: spec.description,
    VpcId: vpc,
    TagSpecifications: [{ ResourceType: "security-group", Tags: [...tagList({ ...own, ...spec.tags })] }],
  }
  const what = `making security group ${spec.name} in ${vpc}`
  try {
    const { GroupId: id = "" } = await send(calls, "CreateSecurityGroup", { CreateSecurityGroup: 1 }, input, { what })
    await openGroup(send, id, spec, calls)
    return id
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== "InvalidGroup.Duplicate") throw error
    const id = (await readGroups(send, vpc, [spec], calls)).get(spec.name)
    if (id !== undefined) return id
    const unseen = `${what}: it was just made, and EC2 does not show it yet`
    throw new TransientError(unseen, { code: error.code, cause: error })
  }
}

async function openGroup(send: Send, id: string, spec: GroupSpec, calls: Calls): Promise<void> {
  const input = { GroupId: id, IpPermissions: [spec.rule(id)] }
  const cost = { AuthorizeSecurityGroupIngress: 1 }
  // Right after it was made EC2 may not know the group everywhere.
  const context = { what: `adding the rule of ${spec.name} (${id})`, isYoung: true } as const
  try {
    await send(calls, "AuthorizeSecurityGroupIngress", cost, input, context)
  } catch (error) {
    if (!(error instanceof MusterError) || error.code !== "InvalidPermission.Duplicate") throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
