/** Living: the living instances of a claim's owner. */
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import type { NameClaim } from "../prepare/ownership.js"
import { observeAll } from "./instance.js"
import { TAG } from "../../../src/fleet/tags.js"

/** How many living instances the owner of this claim has. */
export async function instancesOf(layout: Layout, host: Host, claim: Pick<NameClaim, "cluster" | "owner" | "uid">) {
  const observations = await observeAll(layout, host)
  return observations.filter(({ record, state }) => {
    const { tags } = record
    const theirs = tags[TAG.cluster] === claim.cluster && tags[TAG.owner] === claim.owner && tags[TAG.uid] === claim.uid
    return theirs && state !== "terminated" && state !== "gone"
  }).length
}
