/** Tags in requests, checked by the rules of EC2. */
import { Refusal } from "./refusals.js"

export interface TagSpecification {
  readonly ResourceType: string
  readonly Tag?: readonly { readonly Key: string; readonly Value?: string }[]
}

export const MAX_TAGS = 50

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
