/** One attribute of an instance: its user data. */
import { checkInstanceIds, checkKnown } from "../client/ids.js"
import { type Action, checkDryRun } from "../client/action.js"

export const describeInstanceAttribute: Action = {
  members: { "InstanceId!": "string", "Attribute!": ["userData"], DryRun: "boolean" },
  cost: () => ({ DescribeInstanceAttribute: 1 }),
  answer(world, values) {
    const id = String(values.InstanceId)
    checkInstanceIds([id])
    const [instance] = world.visible({ ids: [id] })
    checkKnown([id], () => instance !== undefined && instance.state !== "terminated")
    checkDryRun(values)
    const { UserData: text } = (instance?.attributes.request ?? {}) as { readonly UserData?: string }
    return { instanceId: id, userData: text === undefined ? {} : { value: text } }
  },
}
