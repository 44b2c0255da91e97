/** The spec of its group, as an instance keeps it. */
import type { Calls, Instance } from "../../../src/provider.js"
import { isNotFound } from "../client/errors.js"
import type { Send } from "../client/send.js"
import { SPEC_KEY } from "../prepare/group-spec.js"
import { placeOf } from "./instance.js"

/** The group's spec as `prepare` was given it; undefined where the instance has none, or is terminated. */
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
