/** How many security groups an interface may be in. */
import { Refusal } from "../client/refusals.js"

/** "Security groups per network interface: 5" (Amazon VPC quotas). */
const MOST = 5

/** The same quota has another name where the request is about an instance ("Error codes for the Amazon EC2 API"). */
export function checkGroupCount(groups: readonly string[], holder: "Instance" | "Interface"): void {
  if (groups.length <= MOST) return
  const code = `SecurityGroupsPer${holder}LimitExceeded`
  throw new Refusal(
    code,
    `The maximum number of security groups per ${holder.toLowerCase()} (${MOST}) has been reached.`,
  )
}
