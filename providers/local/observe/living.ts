/** Living: the instances that a claim's holder still has. */
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import type { NameClaim } from "../prepare/ownership.js"
import { observeAll } from "./instance.js"
import { TAG } from "../../../src/fleet/tags.js"

/** How many instances the holder of this claim still has. */
export async function instancesOf(layout: Layout, host: Host, claim: Pick<NameClaim, "cluster" | "owner" | "uid">) {
  const sightings = await observeAll(layout, host)
  return sightings.filter(({ record, state }) => {
    const { tags } = record
    const theirs = tags[TAG.cluster] === claim.cluster && tags[TAG.owner] === claim.owner && tags[TAG.uid] === claim.uid
    return theirs && state !== "terminated" && state !== "gone"
  }).length
}
