import { AuthError, MusterError } from "../../../src/errors.js"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Termination } from "../../../src/provider.js"
import { placeOf } from "../client/ids.js"
import type { Azure } from "../client/send.js"
import { recencyOf } from "../prepare/group.js"

type Accepted = Termination["accepted"][number]

/**
 * One delete for each VM, all at once as far as the buckets let them; disk, interface and address go with it. It is forced, unless the
 * guest has something to do before its end, for which a forced one leaves no time. It wins over a create that is under way. 204 and 404 say that there is none: names are never used again, so there will be
 * none either.
 *
 * @throws AuthError when nothing may be deleted at all.
 */
export async function terminate(azure: Azure, instances: readonly Instance[], calls: Calls): Promise<Termination> {
  calls.signal.throwIfAborted()
  const outcomes = await Promise.allSettled(instances.map((instance) => terminateOne(azure, instance, calls)))
  calls.signal.throwIfAborted()
  const refusals = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))
  const [first] = refusals
  if (first instanceof AuthError && refusals.length === outcomes.length) throw first
  return {
    accepted: outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])),
    failures: outcomes.flatMap((outcome, index) =>
      outcome.status === "fulfilled" ? [] : [failed(instances[index]?.id ?? "", outcome.reason)],
    ),
  }
}

async function terminateOne(azure: Azure, { id, name, tags }: Instance, calls: Calls): Promise<Accepted> {
  const place = placeOf(id, azure.options.subscriptionId)
  // Nothing of this subscription has such an id.
  if (place === undefined) return { id, state: "terminated" }
  const info = { what: `deleting ${name} in ${place.group}`, accepts: [404], ...recencyOf(azure, place.group, calls) }
  try {
    const { status } = await azure.send(calls, "VirtualMachines_Delete", info, (connection, signal) =>
      connection.deleteVm(place, tags[TAG.notice] === undefined, signal),
    )
    return { id, state: status === 204 || status === 404 ? "terminated" : "terminating" }
  } catch (error) {
    // It goes with its group, which is on its way out.
    if (error instanceof MusterError && error.code === "ResourceGroupBeingDeleted") return { id, state: "terminating" }
    throw error
  }
}

function failed(id: string, reason: unknown): Termination["failures"][number] {
  const code = reason instanceof MusterError ? reason.code : "unknown"
  return { id, code, message: reason instanceof Error ? reason.message : String(reason) }
}
