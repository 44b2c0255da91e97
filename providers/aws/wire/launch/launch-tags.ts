import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { listOf } from "../client/action.js"
import { marketOf } from "./launch-options.js"
import { MAX_TAGS, type TagSpecification, checkTag } from "../client/tags.js"

/** The instance tags of a launch, checked with those for what else it makes. */
export function tagsOf(values: Values): Readonly<Record<string, string>> {
  const inMetadata =
    (values.MetadataOptions as { InstanceMetadataTags?: string } | undefined)?.InstanceMetadataTags === "enabled"
  const seen = new Set<string>()
  const tags: Record<string, string> = {}
  for (const { ResourceType: kind, Tag: given = [] } of listOf<TagSpecification>(values.TagSpecification)) {
    if (kind === "spot-instances-request" && marketOf(values) !== "spot")
      throw new Refusal("InvalidParameterValue", `'${kind}' is not a valid taggable resource type for this request.`)
    if (seen.has(kind))
      throw new Refusal(
        "InvalidParameterValue",
        `The resource type '${kind}' is given twice in the tag specifications.`,
      )
    seen.add(kind)
    if (given.length > MAX_TAGS)
      throw new Refusal("TagLimitExceeded", `The maximum number of tags for a resource is ${MAX_TAGS}.`)
    for (const { Key: key, Value: value = "" } of given) {
      checkTag(key, value, inMetadata && kind === "instance")
      if (kind === "instance" && tags[key] !== undefined)
        throw new Refusal("InvalidParameterValue", `Duplicate tag key '${key}' specified.`)
      if (kind === "instance") tags[key] = value
    }
  }
  return tags
}
