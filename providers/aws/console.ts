import type { Calls, Instance } from "../../src/provider.js"
import type { Send } from "./client.js"

/** What the instance has written to its serial console so far, at most its last 64 KB; "" while there is nothing. */
export async function consoleLog(send: Send, { id }: Instance, calls: Calls): Promise<string> {
  const doing = { what: `reading the console of ${id}` }
  // Latest is offered on Nitro types only, and refused on others.
  const reply = await send(calls, "GetConsoleOutput", { GetConsoleOutput: 1 }, { InstanceId: id }, doing)
  return Buffer.from(reply.Output ?? "", "base64").toString("utf8")
}
