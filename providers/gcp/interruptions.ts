import type { Calls, Failure, Instance, Interruptions } from "../../src/provider.js"
import type { Send } from "./client.js"
import { COLD_MS } from "./codes.js"
import { PAGE } from "./limits.js"
import { idOf } from "./names.js"
import { lastPart, type NativeOperation } from "./native.js"
import { parseTime } from "./time.js"

/** "Compute Engine ... gives the VM a best-effort 30 second period to shut down" ("Spot VMs", preemption process). */
const NOTICE_MS = 30_000

/** What the project's audit calls it, and the only trace of a Spot VM that is deleted when it is taken away. */
const PREEMPTED = "compute.instances.preempted"

/**
 * Who was taken away, or is about to be: the newest operations of the zones of these instances, one page each. Compute
 * Engine tells nobody outside in advance, so a notice is known only once the instance's 30 seconds have begun.
 */
export async function interruptions(
  send: Send,
  region: string,
  instances: readonly Instance[],
  calls: Calls,
): Promise<Interruptions> {
  const asked = new Map(instances.map((instance) => [instance.id, instance]))
  const zones = [...new Set(instances.map(({ zone }) => zone))]
  const operations = await Promise.all(zones.map((zone) => readPreempted(send, zone, calls)))
  const found = operations.flat().flatMap(({ zone, operation }) => {
    const instance = asked.get(idOf(zone, lastPart(operation.targetLink)))
    return instance === undefined ? [] : [{ instance, at: (parseTime(operation.insertTime) ?? 0) + NOTICE_MS }]
  })
  return {
    notices: found.filter(({ at }) => at > calls.now()).map(({ instance, at }) => ({ id: instance.id, at })),
    reasons: found.map(({ instance }) => ({ id: instance.id, failure: preempted(region, instance) })),
  }
}

async function readPreempted(
  send: Send,
  zone: string,
  calls: Calls,
): Promise<readonly { readonly zone: string; readonly operation: NativeOperation }[]> {
  const message = { zone, filter: `operationType="${PREEMPTED}"`, orderBy: "creationTimestamp desc", maxResults: PAGE }
  const request = {
    what: `reading preemptions in ${zone}`,
    message,
    fields: "items(operationType,targetLink,insertTime)",
  }
  const { items = [] } = await send(calls, "zoneOperations.list", request)
  return items.filter(({ operationType }) => operationType === PREEMPTED).map((operation) => ({ zone, operation }))
}

function preempted(region: string, { id, zone, instanceType, market }: Instance): Failure {
  return {
    reason: "interrupted",
    count: 1,
    scope: { provider: "gcp", region, zone, instanceType, market },
    ttlMs: COLD_MS,
    code: PREEMPTED,
    message: `${id} (${instanceType}, ${market}) was preempted`,
  }
}
