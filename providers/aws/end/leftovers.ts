/** Leftovers: what Muster made and is not an instance: templates, disks and interfaces that stayed behind, shared groups. */
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { tagFilters } from "../observe/list.js"
import { pages } from "../client/pages.js"
import { SHARED_TAG } from "../prepare/security-groups.js"
import { isOutOfReach } from "../client/errors.js"

const TEMPLATES_PAGE = 200
const PAGE = 1000

interface Context {
  readonly send: Send
  readonly calls: Calls
  readonly region: string
}

/**
 * All that match by their tags. Disks and interfaces that are attached to an instance end with it, and are no leftovers. Shared groups belong to
 * no cluster: they are among them when no cluster in particular is asked for. A kind that the principal may not read
 * has no leftovers: a principal that may not read templates has not made any.
 */
export async function leftovers(context: Context, selector: Selector): Promise<readonly Leftover[]> {
  const { cluster, uid, owner, launch, ids } = selector
  const isForAnyCluster = [cluster, uid, owner, launch].every((wanted) => wanted === undefined)
  const kinds = [templates, volumes, interfaces, ...(isForAnyCluster ? [groups] : [])]
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

const groups: Kind = async ({ send, calls, region }) => {
  const input = { Filters: [{ Name: "tag-key", Values: [SHARED_TAG] }], MaxResults: PAGE }
  const read = await pages(send, calls, "DescribeSecurityGroups", { input, what: "looking for security groups" })
  return read
    .flatMap((page) => page.SecurityGroups ?? [])
    .map(({ GroupId: id, Tags }) => ({ ...leftover("security-group", id, region, Tags), shared: true }))
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

/** Sends one request for each leftover, all at once. A leftover that is not there any more counts as removed. */
export async function remove({ send, calls }: Context, found: readonly Leftover[]): Promise<void> {
  const outcomes = await Promise.allSettled(found.map((one) => removeOne(send, calls, one)))
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function removeOne(send: Send, calls: Calls, { kind, id }: Leftover): Promise<void> {
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
    if (!(error instanceof MusterError) || !NOT_FOUND.test(error.code)) throw error
  }
}
