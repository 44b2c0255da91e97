/** Launch templates: fleets take what they launch from one. */
import { createHash } from "node:crypto"
import type * as Ec2 from "@aws-sdk/client-ec2"
import { MusterError } from "../../../src/errors.js"
import { merge } from "../../../src/input/merge.js"
import type { Arch, Calls, GroupRequest, JsonObject, Market } from "../../../src/provider.js"
import type { Blueprint } from "./blueprint.js"
import type { Send } from "../client/send.js"
import { addressIn, launchBody } from "./launch-data.js"
import { NO_ROOM_FOR_TEMPLATES } from "../client/quota-codes.js"
import { isOutOfReach } from "../client/errors.js"
import { ownerTags, spotRequestTags, type TagList, tagList } from "./tags.js"
import type { Tags } from "../../../src/tables/tag-rules.js"

/**
 * A template is never changed: another content is another template, named by it. So it is found without being asked for, by
 * every process, and a template that has the name already has the right content.
 */
export function templateOf(blueprint: Blueprint, kind: TemplateKind): JsonObject {
  const { arch, address, market } = kind
  const { commonTags = {} } = blueprint
  const own = merge(launchBody(blueprint, arch, address), blueprint.overrides)
  const content = { ...own, ...spotRequestTags(commonTags, market) }
  const digest = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 24)
  return {
    LaunchTemplateName: `muster-${blueprint.owner.uid}-${digest}`,
    LaunchTemplateData: content,
    TagSpecifications: [{ ResourceType: "launch-template", Tags: clusterTags(blueprint.owner, commonTags) }],
  }
}

export interface TemplateKind {
  readonly arch: Arch
  /** Whether its instances get an address; undefined: as the subnet says. */
  readonly address: boolean | undefined
  readonly market: Market
}

/** By these it is found when its cluster is closed; the user's own come first. */
export function clusterTags(of: Blueprint["owner"], own: Tags): TagList {
  return tagList({ ...own, ...ownerTags(of) })
}

/**
 * Makes the templates of a group that will launch by fleets, so that its first fleet finds them: a fleet that is refused for
 * want of one has used up its share of the limits.
 *
 * @returns why none can be made, where the principal may not or the region has no room for one: such a group does without fleets.
 */
export async function makeTemplates(
  send: Send,
  blueprint: Blueprint,
  group: GroupRequest,
  calls: Calls,
): Promise<string | undefined> {
  if (calls.readOnly) return undefined
  try {
    await Promise.all(templatesFor(blueprint, group).map((template) => makeTemplate(send, template, calls)))
    return undefined
  } catch (error) {
    if (!isOutOfReach(error) && !lacksRoomForTemplates(error)) throw error
    return (error as Error).message
  }
}

/** Those that the fleets of a group launch from; none where it launches by no fleet. */
export function templatesFor(blueprint: Blueprint, group: GroupRequest): readonly JsonObject[] {
  if (!mayUseFleets(blueprint, group)) return []
  const archs = group.archs.filter((arch) => blueprint.images[arch] !== undefined)
  const addresses = new Set(
    blueprint.subnets.length === 0
      ? [addressIn(blueprint, undefined)]
      : blueprint.subnets.map((subnet) => addressIn(blueprint, subnet)),
  )
  const { markets = ["on-demand"] } = group
  const kinds = archs.flatMap((arch) =>
    [...addresses].flatMap((address) => markets.map((market): TemplateKind => ({ arch, address, market }))),
  )
  const named = kinds.map((kind) => templateOf(blueprint, kind)).map((one) => [one.LaunchTemplateName, one] as const)
  return [...new Map(named).values()]
}

/** The region has as many templates as it may have. */
export function lacksRoomForTemplates(error: unknown): boolean {
  return error instanceof MusterError && NO_ROOM_FOR_TEMPLATES.includes(error.code)
}

function mayUseFleets({ options }: Blueprint, { markets = [], instanceTypes = [] }: GroupRequest): boolean {
  const { fleet, fleetRate, reservation } = options
  if (fleet === false || reservation !== undefined) return false
  return fleet === true || fleetRate === "separate" || markets.includes("spot") || instanceTypes.length > 1
}

/** Two that make it at the same moment make the same: its name says its content. */
export async function makeTemplate(send: Send, template: JsonObject, calls: Calls): Promise<void> {
  const input = template as unknown as Ec2.CreateLaunchTemplateCommandInput
  const what = `making launch template ${input.LaunchTemplateName ?? ""}`
  try {
    await send(calls, "CreateLaunchTemplate", { CreateLaunchTemplate: 1 }, input, { what })
  } catch (error) {
    const isThere = error instanceof MusterError && error.code === "InvalidLaunchTemplateName.AlreadyExistsException"
    if (!isThere) throw error
  }
}
