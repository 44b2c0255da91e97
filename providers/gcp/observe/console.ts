/** The console of one instance: what it has written, and the page where a person reads it. */
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { placeOf } from "./instance.js"

/** The end of the log shows why a boot failed. Negative positions count from there ("getSerialPortOutput", start). */
const LAST_BYTES = 32 * 1024

/** The last 32 KB that the instance has written to its first serial port; "" while there is nothing. */
export async function consoleLog(send: Send, instance: Instance, calls: Calls): Promise<string> {
  const { zone, name } = placeOf(instance)
  const request = {
    what: `reading the console of ${instance.id}`,
    message: { zone, instance: name, start: String(-LAST_BYTES) },
    fields: "contents",
  }
  return (await send(calls, "instances.getSerialPortOutput", request)).contents ?? ""
}

/** The instance's page in the Cloud Console. */
export function consoleUrl(instance: Instance, project: string | undefined): string {
  const { zone, name } = placeOf(instance)
  const path = ["compute", "instancesDetail", "zones", zone, "instances", name].map(encodeURIComponent).join("/")
  const query = project === undefined ? "" : `?project=${encodeURIComponent(project)}`
  return `https://console.cloud.google.com/${path}${query}`
}
