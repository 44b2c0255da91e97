import { Refusal } from "../client/refusals.js"
import type { Values } from "../client/shapes.js"
import { listOf } from "../client/action.js"
import { marketOf } from "./launch-options.js"

export interface TagSpecification {
  readonly ResourceType: string
  readonly Tag?: readonly { readonly Key: string; readonly Value?: string }[]
}

export const MAX_TAGS = 50

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

/** The tags of what a request makes that is no instance. */
export function resourceTags(given: readonly TagSpecification[] = []): Readonly<Record<string, string>> {
  const tags = given.flatMap(({ Tag = [] }) => Tag)
  if (tags.length > MAX_TAGS)
    throw new Refusal("TagLimitExceeded", `The maximum number of tags for a resource is ${MAX_TAGS}.`)
  for (const { Key, Value = "" } of tags) checkTag(Key, Value, false)
  return Object.fromEntries(tags.map(({ Key, Value = "" }) => [Key, Value]))
}

/** EC2 User Guide, "Tag restrictions", and "Enable access to tags in instance metadata". */
export function checkTag(key: string, value: string, inMetadata: boolean): void {
  if (key === "" || key.length > 128 || value.length > 256) {
    throw new Refusal(
      "InvalidParameterValue",
      `Tag key '${key}' or its value is too long or empty. The maximum lengths are 128 and 256.`,
    )
  }
  if (key.toLowerCase().startsWith("aws:")) {
    throw new Refusal("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
  }
  if (inMetadata && (!/^[\w\-+=,.@:]+$/.test(key) || [".", "..", "_index"].includes(key))) {
    throw new Refusal(
      "InvalidParameterValue",
      `'${key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`,
    )
  }
}
