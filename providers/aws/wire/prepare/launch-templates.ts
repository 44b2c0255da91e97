/** Launch templates: each has its one version here, as no request for another is known. */
import type { Json, JsonObject } from "../../../../src/provider.js"
import type { Resource, World } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID, hexOf } from "../world/account.js"
import { filtersOf, passes } from "../client/filters.js"
import { checkId } from "../client/ids.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS, tagSpecifications, type Values } from "../client/shapes.js"
import { isoTime } from "../client/time.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, type Habits, isYoung, listOf, tagsXml, tagTexts } from "../client/action.js"
import { LAUNCH_DATA } from "./launch-data.js"
import { resourceTags, type TagSpecification } from "../client/tags.js"

const KIND = "launch-template"

interface TemplateRequest {
  readonly ClientToken?: string
  readonly LaunchTemplateName: string
  readonly LaunchTemplateData: JsonObject
  readonly TagSpecification?: readonly TagSpecification[]
}

/** "Use 3 to 128 characters" (CreateLaunchTemplate, EC2 API Reference). */
const NAME = /^[A-Za-z0-9()./_-]{3,128}$/

/** "Launch templates per Region: 5,000" (Launch template restrictions). */
const MOST_TEMPLATES = 5000

export const createLaunchTemplate: Action = {
  members: {
    "LaunchTemplateName!": "string",
    ClientToken: "string",
    VersionDescription: "string",
    "LaunchTemplateData!": { struct: LAUNCH_DATA },
    TagSpecification: tagSpecifications(KIND),
    DryRun: "boolean",
  },
  // A record, not a machine: it takes no longer than a read.
  cost: () => ({ CreateLaunchTemplate: 1 }),
  answer(world, values) {
    const { ClientToken: token, ...rest } = values as unknown as TemplateRequest
    const { LaunchTemplateName: name, LaunchTemplateData: content, TagSpecification } = rest
    if (!NAME.test(name)) {
      throw new Refusal(
        "InvalidLaunchTemplateName.MalformedException",
        `The launch template name ${name} is malformed.`,
      )
    }
    checkDryRun(values)
    const before = madeBefore(world, token, rest)
    if (before !== undefined) return { launchTemplate: templateXml(before) }
    if (templateNamed(world, name) !== undefined) {
      throw new Refusal("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
    }
    if (world.resources.list({ kind: KIND }).length >= MOST_TEMPLATES) {
      throw new Refusal("MaxTemplateLimitExceeded", `You have reached the limit of ${MOST_TEMPLATES} launch templates.`)
    }
    const tags = resourceTags(TagSpecification)
    const id = `lt-0${hexOf(`${name}/${world.ledger.count()}`, 16)}`
    const template = { kind: KIND, id, tags, attributes: { name, content, createdAt: world.clock.now() } }
    world.resources.add(template)
    if (token !== undefined) {
      world.tokens.keep(KIND, token, rest as unknown as Json, template as unknown as Json, world.clock.now())
    }
    return { launchTemplate: templateXml(template) }
  },
}

/** What the same request under the same token has made ("Ensuring idempotency in Amazon EC2 API requests"). */
function madeBefore(world: World, token: string | undefined, request: object): Resource | undefined {
  if (token === undefined) return undefined
  const before = world.tokens.find(KIND, token, request as unknown as Json, world.clock.now())
  if (before.kind === "known") return before.made as Resource
  if (before.kind === "new") return undefined
  throw new Refusal(
    "IdempotentParameterMismatch",
    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
  )
}

export const describeLaunchTemplates: Action = {
  members: {
    LaunchTemplateId: { list: "string" },
    LaunchTemplateName: { list: "string" },
    Filter: FILTERS,
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeLaunchTemplates: 1 }),
  answer(world, values) {
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const ids = listOf(values.LaunchTemplateId)
    const names = listOf(values.LaunchTemplateName)
    for (const id of ids) checkId("lt", id)
    const named = [...ids.map((id) => templateOf(world, { id })), ...names.map((name) => templateOf(world, { name }))]
    const all = ids.length + names.length === 0 ? world.resources.list({ kind: KIND }) : named
    const found = all.filter((template) => passes(template, filters, textsOf))
    const { page, token } = slice(found, values, { least: 1, most: 200 })
    return { launchTemplates: page.map(templateXml), nextToken: token }
  },
}

export const deleteLaunchTemplate: Action = {
  members: { LaunchTemplateId: "string", LaunchTemplateName: "string", DryRun: "boolean" },
  cost: () => ({ DeleteLaunchTemplate: 1 }),
  answer(world, values: Values) {
    const { LaunchTemplateId: id, LaunchTemplateName: name } = values as {
      LaunchTemplateId?: string
      LaunchTemplateName?: string
    }
    checkDryRun(values)
    const template = templateOf(world, id === undefined ? { name: name ?? "" } : { id })
    world.resources.delete(KIND, template.id)
    return { launchTemplate: templateXml(template) }
  },
}

/** @throws Refusal when there is none, or, for those who launch from it, not yet. */
export function templateOf(
  world: World,
  asked: { readonly id: string } | { readonly name: string },
  habits?: Habits,
): Resource {
  const found = "id" in asked ? world.resources.get(KIND, asked.id) : templateNamed(world, asked.name)
  if (found !== undefined && (habits === undefined || !isYoung(world, found, habits))) return found
  throw "id" in asked
    ? new Refusal(
        "InvalidLaunchTemplateId.NotFound",
        `The specified launch template, with template ID ${asked.id}, does not exist.`,
      )
    : new Refusal(
        "InvalidLaunchTemplateName.NotFoundException",
        `The specified launch template, with template name ${asked.name}, does not exist.`,
      )
}

function templateNamed(world: World, name: string): Resource | undefined {
  return world.resources.list({ kind: KIND }).find(({ attributes }) => attributes.name === name)
}

function textsOf({ attributes, tags }: Resource, filter: string): readonly string[] | undefined {
  return filter === "launch-template-name" ? [String(attributes.name)] : tagTexts(tags, filter)
}

function templateXml({ id, tags, attributes }: Pick<Resource, "id" | "tags" | "attributes">): Xml {
  return {
    launchTemplateId: id,
    launchTemplateName: String(attributes.name),
    createTime: isoTime(Number(attributes.createdAt)),
    createdBy: `arn:aws:iam::${ACCOUNT_ID}:user/test`,
    defaultVersionNumber: 1,
    latestVersionNumber: 1,
    tagSet: tagsXml(tags),
  }
}
