/** The host keys of an instance, as its guest agent has written them into its guest attributes. */
import type { Calls, Instance } from "../../../src/provider.js"
import { isNotFound } from "../client/errors.js"
import type { Send } from "../client/send.js"
import { placeOf } from "./instance.js"

/** What the agent writes of the keys it makes at a first boot: "hostkeys/ssh-ed25519" is the key itself, in base64. */
const QUERY = "hostkeys/"
/** The agent writes one after the other. Servers that have this one show it to us: a list without it may not be whole. */
const PREFERRED = "ssh-ed25519"
const BLOB = /^[A-Za-z0-9+/]+={0,2}$/

/** In base64. None where the agent has not written them, or the instance is not to have guest attributes. */
export async function hostKeys(send: Send, instance: Instance, calls: Calls): Promise<readonly string[]> {
  const { zone, name } = placeOf(instance)
  const request = {
    what: `reading the host keys of ${instance.id}`,
    message: { zone, instance: name, queryPath: QUERY },
    fields: "queryValue(items(namespace,key,value))",
  }
  try {
    const { queryValue } = await send(calls, "instances.getGuestAttributes", request)
    const items = queryValue?.items ?? []
    if (!items.some(({ key }) => key === PREFERRED)) return []
    return items.flatMap(({ value = "" }) => (BLOB.test(value) ? [value] : []))
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}
