/** Changes of a network interface: of its security groups, the one attribute that a request is known to change here. */
import { checkGroupCount } from "../prepare/group-count.js"
import { groupOf, unknownGroup } from "../prepare/security-groups.js"
import { instanceWith, putGroups } from "../world/interfaces.js"
import { type Action, checkDryRun, isYoung, listOf } from "../client/action.js"
import { checkId } from "../client/ids.js"
import { Refusal } from "../client/refusals.js"

export const modifyNetworkInterfaceAttribute: Action = {
  members: { "NetworkInterfaceId!": "string", SecurityGroupId: { list: "string" }, DryRun: "boolean" },
  cost: () => ({ ModifyNetworkInterfaceAttribute: 1 }),
  answer(world, values, habits) {
    const id = String(values.NetworkInterfaceId)
    const groups = listOf(values.SecurityGroupId)
    checkId("eni", id)
    const instance = instanceWith(world, id)
    if (instance === undefined) {
      throw new Refusal("InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${id}' does not exist`)
    }
    // "You must specify at least one group, even if it's just the default security group in the VPC."
    if (groups.length === 0) throw new Refusal("MissingParameter", "The request must contain an attribute to modify")
    for (const group of groups) if (isYoung(world, groupOf(world, group), habits)) throw unknownGroup(group)
    checkGroupCount(groups, "Interface")
    checkDryRun(values)
    putGroups(world, instance, id, [...new Set(groups)])
    return {}
  },
}
