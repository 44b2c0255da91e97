/** What an instance's user data says of its group. */
import { MusterError } from "../../../src/errors.js"
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { isOutOfReach } from "../client/errors.js"
import { specIn } from "../prepare/user-data.js"

/** Undefined as well where user data may not be read, and for an instance that EC2 does not know any more. */
export async function recall(send: Send, { id }: Instance, calls: Calls): Promise<string | undefined> {
  const input = { InstanceId: id, Attribute: "userData" as const }
  const cost = { DescribeInstanceAttribute: 1 }
  try {
    const reply = await send(calls, "DescribeInstanceAttribute", cost, input, {
      what: `reading the user data of ${id}`,
    })
    return specIn(Buffer.from(reply.UserData?.Value ?? "", "base64"))
  } catch (error) {
    const isUnknown = error instanceof MusterError && error.code.startsWith("InvalidInstanceID")
    if (isOutOfReach(error) || isUnknown) return undefined
    throw error
  }
}
