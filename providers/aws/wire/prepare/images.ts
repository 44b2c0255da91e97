import type { Resource } from "../../../../src/simulator/index.js"
import { ACCOUNT_ID, AMAZON } from "../world/account.js"
import { filtersOf, passes } from "../client/filters.js"
import { checkId } from "../client/ids.js"
import { slice } from "../client/paging.js"
import { Refusal } from "../client/refusals.js"
import { FILTERS } from "../client/shapes.js"
import type { Xml } from "../client/xml.js"
import { type Action, checkDryRun, listOf, tagTexts } from "../client/action.js"

export const describeImages: Action = {
  members: {
    ImageId: { list: "string" },
    Owner: { list: "string" },
    Filter: FILTERS,
    IncludeDeprecated: "boolean",
    MaxResults: "integer",
    NextToken: "string",
    DryRun: "boolean",
  },
  cost: () => ({ DescribeImages: 1 }),
  answer(world, values) {
    const ids = listOf(values.ImageId)
    for (const id of ids) checkId("ami", id)
    const filters = filtersOf(values.Filter)
    checkDryRun(values)
    const missing = ids.find((id) => world.resources.get("image", id) === undefined)
    if (missing !== undefined) {
      throw new Refusal("InvalidAMIID.NotFound", `The image id '[${missing}]' does not exist`)
    }
    const owners = listOf(values.Owner).map(accountOf)
    const found = world.resources
      .list({ kind: "image" })
      .filter(({ id }) => ids.length === 0 || ids.includes(id))
      .filter(({ attributes }) => owners.length === 0 || owners.includes(String(attributes.owner)))
      .filter((image) => passes(image, filters, textsOf))
    const { page, token } = slice(found, values, { least: 1, most: 1000 })
    return { imagesSet: page.map(imageXml), nextToken: token }
  },
}

/** "self", "amazon" and "aws-marketplace" stand for accounts. */
function accountOf(owner: string): string {
  if (owner === "self") return ACCOUNT_ID
  return owner === "amazon" ? AMAZON : owner
}

function textsOf({ id, attributes, tags }: Resource, filter: string): readonly string[] | undefined {
  switch (filter) {
    case "image-id":
      return [id]
    case "name":
      return [String(attributes.name)]
    case "architecture":
      return [String(attributes.arch)]
    case "state":
      return ["available"]
    case "owner-id":
      return [String(attributes.owner)]
    default:
      return tagTexts(tags, filter)
  }
}

/** Every image here has a root disk and, as Canonical's do, a place for a local one. */
function imageXml({ id, attributes }: Resource): Xml {
  const { arch, name, owner, root, created } = attributes
  const ebs = {
    deleteOnTermination: true,
    snapshotId: `snap-0${id.slice(5)}`,
    volumeSize: Number(attributes.gib ?? 8),
    volumeType: "gp3",
  }
  return {
    imageId: id,
    imageLocation: `${String(owner)}/${String(name)}`,
    imageState: "available",
    imageOwnerId: String(owner),
    creationDate: String(created),
    isPublic: owner !== ACCOUNT_ID,
    architecture: String(arch),
    imageType: "machine",
    name: String(name),
    platform: attributes.platform as string | undefined,
    platformDetails: String(attributes.platform === "Windows" ? "Windows" : "Linux/UNIX"),
    usageOperation: String(attributes.usageOperation ?? "RunInstances"),
    rootDeviceType: "ebs",
    rootDeviceName: String(root),
    blockDeviceMapping: [
      { deviceName: String(root), ebs: { ...ebs, encrypted: false } },
      { deviceName: "/dev/sdb", virtualName: "ephemeral0" },
    ],
    virtualizationType: "hvm",
    hypervisor: "xen",
    enaSupport: attributes.ena !== false,
    bootMode: attributes.bootMode as string | undefined,
  }
}
