/** What one instance can tell of itself: its console, its metadata, its page. */
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { isNotFound } from "../client/errors.js"
import { idOf, partsOf } from "../client/names.js"

/** The end of the log is what tells why a boot failed. Negative positions count from there ("getSerialPortOutput", start). */
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

/** The metadata that keeps a group's spec, for whoever attaches by name. */
export const SPEC_KEY = "muster-spec"

/** The group's spec as `prepare` was given it; undefined where the instance has none, or is gone. */
export async function recall(send: Send, instance: Instance, calls: Calls): Promise<string | undefined> {
  const { zone, name } = placeOf(instance)
  const request = {
    what: `reading the spec that ${instance.id} keeps`,
    message: { zone, instance: name },
    fields: "metadata(items(key,value))",
  }
  try {
    const { metadata } = await send(calls, "instances.get", request)
    return metadata?.items?.find(({ key }) => key === SPEC_KEY)?.value
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** The instance's page in the Cloud Console. */
export function consoleUrl(instance: Instance, project: string | undefined): string {
  const { zone, name } = placeOf(instance)
  const path = ["compute", "instancesDetail", "zones", zone, "instances", name].map(encodeURIComponent).join("/")
  const query = project === undefined ? "" : `?project=${encodeURIComponent(project)}`
  return `https://console.cloud.google.com/${path}${query}`
}

function placeOf({ id, zone, name }: Instance): { readonly zone: string; readonly name: string } {
  return partsOf(id) ?? partsOf(idOf(zone, name)) ?? { zone, name }
}
