/** Guest: what every worker may know of itself before it has asked anybody. Pure. */
import type { GroupRequest, Owner } from "../provider.js"

export function guestVariables(
  provider: string,
  region: string,
  owner: Owner,
  group: Pick<GroupRequest, "name" | "headAddress">,
): Readonly<Record<string, string>> {
  return {
    MUSTER_PROVIDER: provider,
    MUSTER_REGION: region,
    MUSTER_CLUSTER: owner.cluster,
    MUSTER_UID: owner.uid,
    MUSTER_GROUP: group.name,
    MUSTER_DEADLINE: owner.deadline,
    ...(group.headAddress === undefined ? {} : { MUSTER_HEAD_ADDRESS: group.headAddress }),
  }
}
