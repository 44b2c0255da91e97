/** What an instance wrote to its console, and the page of the AWS console that shows the instance. */
import { RefusedError, RejectedError } from "../../../src/errors.js"
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"

/**
 * What the instance has written to its serial console so far, at most its last 64 KB; "" while there is nothing. `Latest` is served at
 * any time, on types of the Nitro system only; without it there is what was posted shortly after a start, a reboot or the end, for an
 * hour at least (EC2 API Reference, "GetConsoleOutput").
 */
export async function consoleLog(send: Send, { id }: Instance, calls: Calls): Promise<string> {
  const read = async (latest: { readonly Latest?: true }) => {
    const context = { what: `reading the console of ${id}` }
    const input = { InstanceId: id, ...latest }
    const { Output = "" } = await send(calls, "GetConsoleOutput", { GetConsoleOutput: 1 }, input, context)
    return Buffer.from(Output, "base64").toString("utf8")
  }
  const text = await read({ Latest: true }).catch((error: unknown) => {
    if (isRefusal(error)) return ""
    throw error
  })
  return text === "" ? read({}) : text
}

/** "UnsupportedOperation" of a type without Nitro, and the like for an instance in a state in which it is not served. */
function isRefusal(error: unknown): boolean {
  return error instanceof RefusedError || error instanceof RejectedError
}

/** The instance's page in the console, by its partition ("Service endpoints", AWS General Reference). */
export function consoleUrl({ id, region }: Pick<Instance, "id" | "region">): string {
  const place = encodeURIComponent(region)
  return `https://${place}.${consoleHost(region)}/ec2/home?region=${place}#InstanceDetails:instanceId=${encodeURIComponent(id)}`
}

function consoleHost(region: string): string {
  if (region.startsWith("cn-")) return "console.amazonaws.cn"
  return region.startsWith("us-gov-") ? "console.amazonaws-us-gov.com" : "console.aws.amazon.com"
}
