/** What an instance wrote to its console, and the page of the AWS console that shows the instance. */
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"

/** What the instance has written to its serial console so far, at most its last 64 KB; "" while there is nothing. */
export async function consoleLog(send: Send, { id }: Instance, calls: Calls): Promise<string> {
  const context = { what: `reading the console of ${id}` }
  // Latest is offered on Nitro types only, and refused on others.
  const reply = await send(calls, "GetConsoleOutput", { GetConsoleOutput: 1 }, { InstanceId: id }, context)
  return Buffer.from(reply.Output ?? "", "base64").toString("utf8")
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
