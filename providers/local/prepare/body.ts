/** The JSON that goes from `prepare` through `split` into the journal and back to `launch`. */
import { RejectedError } from "../../../src/errors.js"
import { launchTags, TAG } from "../../../src/fleet/tags.js"
import type { GroupRequest, JsonObject, Owner } from "../../../src/provider.js"

/** What of a group the guest program is made of. */
const GUEST = [
  "startup",
  "setup",
  "whenDone",
  "container",
  "scratch",
  "onNotice",
  "ready",
  "health",
  "awaits",
  "headAddress",
] as const

export interface LaunchBody {
  readonly owner: Owner
  readonly group: Pick<GroupRequest, (typeof GUEST)[number] | "name" | "environment" | "tags" | "spec" | "leaseSeconds">
}

/** A body as plain JSON. */
export function toBody(owner: Owner, group: GroupRequest): JsonObject {
  const { cluster, uid, generation, deadline, claim } = owner
  const { name, environment, tags, spec, leaseSeconds } = group
  const asked = GUEST.filter((field) => group[field] !== undefined).map((field) => [field, group[field]])
  return {
    owner: { cluster, uid, owner: owner.owner, generation, deadline, claim },
    group: {
      name,
      environment,
      tags,
      ...(Object.fromEntries(asked) as JsonObject),
      ...(spec === undefined ? {} : { spec: { text: spec.text, digest: spec.digest } }),
      ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
    },
  }
}

/** The tags of what such a call makes, but for the lease, whose end is in a file. */
export function tagsOf({ owner, group }: LaunchBody, token: string): Record<string, string> {
  const spec = group.spec === undefined ? {} : { [TAG.spec]: group.spec.digest }
  return { ...group.tags, ...launchTags(owner, group.name, token), ...spec }
}

/** A body read back. Throws RejectedError when it was not made by `toBody`. */
export function readBody(body: JsonObject): LaunchBody {
  if (typeof body.owner === "object" && typeof body.group === "object" && body.owner !== null && body.group !== null) {
    return body as unknown as LaunchBody
  }
  throw new RejectedError("reading a launch call's body: it has no owner and group; it was made by another provider", {
    code: "BadBody",
  })
}
