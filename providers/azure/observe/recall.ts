import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance } from "../../../src/provider.js"
import { placeOf } from "../client/ids.js"
import type { Azure } from "../client/send.js"
import { readVm } from "./vms.js"

/** The text of the group's spec, from the VM's user data; undefined where there was no room for it, or the VM is deleted. */
export async function recall(azure: Azure, instance: Instance, calls: Calls): Promise<string | undefined> {
  const place = placeOf(instance.id, azure.options.subscriptionId)
  if (place === undefined || instance.tags[TAG.spec] === undefined) return undefined
  const native = await readVm(azure, place, calls, "userData")
  const text = native?.properties?.userData
  return text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8")
}
