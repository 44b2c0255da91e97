/** Leftovers: what Muster made and is not an instance: templates, disks and interfaces that stayed behind, security groups. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError, TransientError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { tagFilters } from "../observe/list.js"
import { pages } from "../client/pages.js"
import { SHARED_TAG } from "../prepare/groups/specs.js"
import { isOutOfReach } from "../client/errors.js"

const TEMPLATES_PAGE = 200
const PAGE = 1000

interface Context {
  readonly send: Send
  readonly calls: Calls
  readonly region: string
  /** Whether a cluster that is asked for by its uid may have a group of its own, as far as this process has seen. */
  readonly hasPeers: boolean
}

/**
 * All that match by their tags. Disks and interfaces that are attached to an instance end with it, and are no leftovers. Shared groups belong to
 * no cluster: they are among them when no cluster in particular is asked for. A kind that the principal may not read
 * has no leftovers: a principal that may not read templates has not made any. A cluster's own group is asked for unless its owner asks,
 * who knows of it: a cluster without one costs no request for it.
 */
export async function leftovers(context: Context, selector: Selector): Promise<readonly Leftover[]> {
  const { cluster, uid, owner, launch, ids } = selector
  const isForAnyCluster = [cluster, uid, owner, launch].every((wanted) => wanted === undefined)
  const mayHaveOwn = uid === undefined || context.hasPeers
  const groups = [...(mayHaveOwn ? [ownGroups] : []), ...(isForAnyCluster ? [sharedGroups] : [])]
  const kinds = [templates, volumes, interfaces, ...groups]
  const found = await Promise.all(kinds.map((kind) => kind(context, selector).catch(noneIfForbidden)))
  return found.flat().filter(({ id, tags, shared }) => {
    const isAsked = ids === undefined || ids.includes(id)
    return isAsked && (shared || (tags[TAG.uid] !== undefined && tagsMatch(tags, selector)))
  })
}

function noneIfForbidden(error: unknown): readonly Leftover[] {
  if (isOutOfReach(error)) return []
  throw error
}

type Kind = (context: Context, selector: Selector) => Promise<readonly Leftover[]>

const templates: Kind = async ({ send, calls, region }, selector) => {
  const input = { Filters: tagFilters(selector), MaxResults: TEMPLATES_PAGE }
  const read = await pages(send, calls, "DescribeLaunchTemplates", { input, what: "looking for launch templates" })
  return read
    .flatMap((page) => page.LaunchTemplates ?? [])
    .map(({ LaunchTemplateId: id, Tags }) => leftover("launch-template", id, region, Tags))
}

const AVAILABLE = { Name: "status", Values: ["available"] }

const volumes: Kind = async ({ send, calls, region }, selector) => {
  const input = { Filters: [AVAILABLE, ...tagFilters(selector)], MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeVolumes", { input, what: "looking for volumes" })
  return read
    .flatMap((page) => page.Volumes ?? [])
    .map(({ VolumeId: id, Tags }) => leftover("volume", id, region, Tags))
}

const interfaces: Kind = async ({ send, calls, region }, selector) => {
  const input = { Filters: [AVAILABLE, ...tagFilters(selector)], MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeNetworkInterfaces", { input, what: "looking for network interfaces" })
  return read
    .flatMap((page) => page.NetworkInterfaces ?? [])
    .map(({ NetworkInterfaceId: id, TagSet }) => leftover("network-interface", id, region, TagSet))
}

const ownGroups: Kind = async (context, selector) => {
  const found = await groupsWith(context, tagFilters(selector))
  return found.map(({ GroupId: id, Tags }) => leftover("security-group", id, context.region, Tags))
}

const sharedGroups: Kind = async (context) => {
  const found = await groupsWith(context, [{ Name: "tag-key", Values: [SHARED_TAG] }])
  return found.map(({ GroupId: id, Tags }) => ({
    ...leftover("security-group", id, context.region, Tags),
    shared: true,
  }))
}

async function groupsWith({ send, calls }: Context, Filters: Ec2.Filter[]): Promise<readonly Ec2.SecurityGroup[]> {
  const input = { Filters, MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeSecurityGroups", { input, what: "looking for security groups" })
  return read.flatMap((page) => page.SecurityGroups ?? [])
}

function leftover(
  kind: string,
  id: string | undefined,
  region: string,
  tags: readonly Ec2.Tag[] | undefined,
): Leftover {
  const own = Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]))
  return { kind, id: id ?? "", region, tags: own, shared: false }
}

/** "InvalidVolume.NotFound", "InvalidLaunchTemplateName.NotFoundException": asked for by id or by name, it is not there. */
const NOT_FOUND = /^Invalid\w+\.(NotFound|NotFoundException|VersionNotFound|Unknown)$/

/** What something else uses can be removed only later ("DeleteSecurityGroup", EC2 API Reference). */
const IN_USE = ["DependencyViolation", "InvalidGroup.InUse"]

/**
 * Sends one request for each leftover, all at once. A leftover that is not there any more counts as removed.
 *
 * @throws TransientError where a cluster's own group is still used by instances that are ending: that passes.
 */
export async function remove(
  { send, calls }: Pick<Context, "send" | "calls">,
  found: readonly Leftover[],
): Promise<void> {
  const outcomes = await Promise.allSettled(found.map((one) => removeOne(send, calls, one)))
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function removeOne(send: Send, calls: Calls, { kind, id, shared }: Leftover): Promise<void> {
  const context = { what: `removing ${kind} ${id}` }
  try {
    switch (kind) {
      case "launch-template":
        await send(calls, "DeleteLaunchTemplate", { DeleteLaunchTemplate: 1 }, { LaunchTemplateId: id }, context)
        return
      case "volume":
        await send(calls, "DeleteVolume", { DeleteVolume: 1 }, { VolumeId: id }, context)
        return
      case "network-interface":
        await send(calls, "DeleteNetworkInterface", { DeleteNetworkInterface: 1 }, { NetworkInterfaceId: id }, context)
        return
      case "security-group":
        await send(calls, "DeleteSecurityGroup", { DeleteSecurityGroup: 1 }, { GroupId: id }, context)
        return
      default:
        throw new MusterError(`removing ${kind} ${id}: EC2 has no such kind`)
    }
  } catch (error) {
    if (!(error instanceof MusterError)) throw error
    const { code, message } = error
    if (!shared && IN_USE.includes(code)) throw new TransientError(message, { code, cause: error })
    if (!NOT_FOUND.test(code)) throw error
  }
}
