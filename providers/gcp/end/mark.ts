/** Marks: what was taken over tells so by its labels. */
import { latestGenerationOf, takenTags } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Owner } from "../../../src/provider.js"
import { hexOf, partsOf, uuidOf } from "../client/ids/names.js"
import type { Send } from "../client/send.js"

/**
 * Reads the labels of the instance that was created first, and writes them with the owner's. The fingerprint of what was read goes
 * along: of two processes that write at once, one is refused ("instances.setLabels": 412 conditionNotMet). Labels of a later
 * generation stay.
 */
export async function mark(send: Send, owner: Owner, instances: readonly Instance[], calls: Calls): Promise<void> {
  const [oldest] = [...instances].sort((a, b) => a.launchedAt - b.launchedAt)
  const parts = oldest === undefined ? undefined : partsOf(oldest.id)
  if (parts === undefined) return
  const { zone, name } = parts
  const what = `labelling ${name} in ${zone} as taken over`
  const reading = { what, message: { zone, instance: name }, fields: "labels,labelFingerprint" }
  const { labels = {}, labelFingerprint = "" } = await send(calls, "instances.get", reading)
  if (latestGenerationOf(labels) >= owner.generation) return
  const body = { labels: { ...labels, ...takenTags(owner) }, labelFingerprint }
  const requestId = uuidOf(hexOf(`mark/${oldest?.id ?? ""}/${owner.uid}/${owner.generation}/${owner.claim}`, 32))
  const message = { zone, instance: name, requestId, instancesSetLabelsRequestResource: body }
  await send(calls, "instances.setLabels", { what, message, fields: "name,status,error" })
}
