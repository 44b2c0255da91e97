/** Renews leases: the owner puts off the end of its instances. */
import { MusterError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { RESOURCES_BATCH } from "../limits.js"
import { chunks } from "../client/pages.js"

/**
 * One CreateTags for each thousand. EC2 refuses a request as a whole for one id that it does not know: it is sent again without
 * those that it names, which are terminated, or so new that their first lease has just begun.
 *
 * @throws what EC2 refuses otherwise; the other requests have been sent then.
 */
export async function renew(send: Send, instances: readonly Instance[], until: number, calls: Calls): Promise<void> {
  const ids = [...new Set(instances.map(({ id }) => id))]
  const renewals = chunks(ids, RESOURCES_BATCH).map((some) => renewSome(send, some, until, calls))
  const outcomes = await Promise.allSettled(renewals)
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function renewSome(send: Send, ids: readonly string[], until: number, calls: Calls): Promise<void> {
  if (ids.length === 0) return
  const input = { Resources: [...ids], Tags: [{ Key: TAG.lease, Value: String(Math.floor(until)) }] }
  const what = `renewing the leases of ${ids.length === 1 ? ids[0] : `${ids.length} instances`}`
  try {
    await send(calls, "CreateTags", { CreateTags: 1 }, input, { what })
  } catch (error) {
    const unknown = new Set(error instanceof MusterError ? (error.message.match(/\bi-[0-9a-f]{8,17}\b/g) ?? []) : [])
    const rest = ids.filter((id) => !unknown.has(id))
    const isUnknown = error instanceof MusterError && error.code === "InvalidInstanceID.NotFound"
    if (!isUnknown || rest.length === ids.length) throw error
    await renewSome(send, rest, until, calls)
  }
}
