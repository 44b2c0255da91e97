/** Change groups: puts network interfaces into other security groups. */
import { MusterError } from "../../../../src/errors.js"
import type { Calls } from "../../../../src/provider.js"
import type { Send } from "../../client/send.js"
import type { Interface } from "./interfaces.js"

/**
 * One ModifyNetworkInterfaceAttribute for each interface that is to be in other groups, which it names all: EC2 replaces them.
 * ModifyInstanceAttribute would change user data and more by the same right, and fails for instances with several interfaces.
 *
 * @returns the ids of those that are gone. @throws what EC2 refuses; the other requests have been sent then.
 */
export async function changeGroups(
  send: Send,
  before: readonly Interface[],
  after: readonly Interface[],
  calls: Calls,
): Promise<readonly string[]> {
  const changed = after.filter(({ groups }, index) => groups.length !== before[index]?.groups.length)
  const outcomes = await Promise.allSettled(changed.map((one) => changeOne(send, one, calls)))
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
  return changed.flatMap(({ id }, index) => {
    const outcome = outcomes[index]
    return outcome?.status === "fulfilled" && !outcome.value ? [id] : []
  })
}

/** @returns false where there is no such interface any more. */
async function changeOne(send: Send, { id, instance, groups }: Interface, calls: Calls): Promise<boolean> {
  const input = { NetworkInterfaceId: id, Groups: [...groups] }
  const cost = { ModifyNetworkInterfaceAttribute: 1 }
  // Among them may be one that was made a moment ago.
  const context = { what: `changing the security groups of ${instance} (${id})`, isYoung: true } as const
  try {
    await send(calls, "ModifyNetworkInterfaceAttribute", cost, input, context)
    return true
  } catch (error) {
    const isGone = error instanceof MusterError && error.code === "InvalidNetworkInterfaceID.NotFound"
    if (!isGone) throw error
    return false
  }
}
