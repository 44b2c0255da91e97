/** Tells the process that owns a cluster that its ssh was opened: by a label on one of its instances, which its lists show. */
import { MusterError, TransientError } from "../../../src/errors.js"
import type { Calls } from "../../../src/provider.js"
import { isNotFound } from "../client/errors.js"
import { hexOf, uuidOf } from "../client/ids/names.js"
import type { Send } from "../client/send.js"
import { OPENED } from "../prepare/firewall/known-rules.js"

interface Place {
  readonly zone: string
  readonly name: string
}

/**
 * On the first that is there, before anything is opened: a label without rules costs a read, and rules without a label would stay.
 * Labels are changed where they are still those that were read.
 */
export async function labelOpened(send: Send, places: readonly Place[], calls: Calls): Promise<void> {
  for (const place of places) if (await labelOne(send, place, calls)) return
  throw new TransientError("labelling an instance as opened: all of them are ending, or are changed by others")
}

/** False where it is gone, or others change its labels. */
async function labelOne(send: Send, { zone, name }: Place, calls: Calls): Promise<boolean> {
  const what = `labelling ${name} in ${zone} as opened`
  try {
    const reading = { what, message: { zone, instance: name }, fields: "labels,labelFingerprint" }
    const { labels = {}, labelFingerprint = "" } = await send(calls, "instances.get", reading)
    if (labels[OPENED] !== undefined) return true
    const requestId = uuidOf(hexOf(`opened/${zone}/${name}/${labelFingerprint}/${calls.now()}`, 32))
    const body = { labels: { ...labels, [OPENED]: "ssh" }, labelFingerprint }
    const message = { zone, instance: name, requestId, instancesSetLabelsRequestResource: body }
    await send(calls, "instances.setLabels", { what, message, fields: "name,status,error" })
    return true
  } catch (error) {
    if (isNotFound(error) || (error instanceof MusterError && error.code === "conditionNotMet")) return false
    throw error
  }
}
