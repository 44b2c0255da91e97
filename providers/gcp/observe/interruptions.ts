import { MusterError } from "../../../src/errors.js"
import type { Calls, EndedBy, Failure, Instance, Interruptions } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { COLD_MS } from "../client/codes.js"
import { PAGE } from "../limits.js"
import { idOf } from "../client/ids/names.js"
import { lastPart, type NativeOperation } from "../client/native.js"
import { pages } from "../client/pages.js"
import { isDeletionId } from "../client/ids/deletion-ids.js"
import { isoTime, parseTime } from "../../../src/tables/times.js"

/** "Compute Engine ... gives the VM a best-effort 30 second period to shut down" ("Spot VMs", preemption process). */
const NOTICE_MS = 30_000

/** What the project's audit calls it, and the only trace of a Spot VM that is deleted when it is preempted. */
const PREEMPTED = "compute.instances.preempted"

/**
 * Instances that were preempted, or are about to be: the newest operations of the zones of these instances, one page each. Compute
 * Engine announces nothing outside of the instance in advance, so a notice is known only once the instance's 30 seconds have begun.
 */
export async function interruptions(
  send: Send,
  region: string,
  instances: readonly Instance[],
  calls: Calls,
): Promise<Interruptions> {
  const spot = instances.filter(({ market }) => market === "spot")
  const asked = new Map(spot.map((instance) => [instance.id, instance]))
  const [operations, endings] = await Promise.all([
    Promise.all(zonesOf(spot).map((zone) => readPreempted(send, zone, calls))),
    endingsOf(
      send,
      instances.filter(({ state }) => state === "terminated"),
      calls,
    ),
  ])
  const found = operations.flat().flatMap(({ zone, operation }) => {
    const instance = asked.get(idOf(zone, lastPart(operation.targetLink)))
    return instance === undefined ? [] : [{ instance, at: (parseTime(operation.insertTime) ?? 0) + NOTICE_MS }]
  })
  return {
    notices: found.filter(({ at }) => at > calls.now()).map(({ instance, at }) => ({ id: instance.id, at })),
    reasons: found.map(({ instance }) => ({ id: instance.id, failure: preempted(region, instance) })),
    endings,
  }
}

function zonesOf(instances: readonly Instance[]): readonly string[] {
  return [...new Set(instances.map(({ zone }) => zone))]
}

/** The longest pause between two polls, and time for a deletion to be carried out. */
const RECENT_MS = 15 * 60_000
const DELETE = "delete"

/**
 * Which of these Muster deleted, in this process or another: the operation repeats the id that its request had. Where
 * operations cannot be read this is unknown, and observation goes on with what lists show.
 */
async function endingsOf(
  send: Send,
  vanished: readonly Instance[],
  calls: Calls,
): Promise<readonly { readonly id: string; readonly by: EndedBy }[]> {
  const ids = new Set(vanished.map(({ id }) => id))
  const reading = zonesOf(vanished).map((zone) => ifReadable(calls, readDeletions(send, zone, calls), []))
  const lists = await Promise.all(reading)
  const known = lists.flat().filter(({ id }) => ids.has(id))
  return known.flatMap(({ id, operation: { clientOperationId, insertTime } }) => {
    const others = known.filter((one) => one.id === id).map(({ operation }) => operation)
    const isOurs = isDeletionId(clientOperationId, id, parseTime(insertTime) ?? 0, others)
    return isOurs ? [{ id, by: "muster" as const }] : []
  })
}

/** A zone whose operations cannot be read adds nothing, and does not stop the reading of other zones. */
async function ifReadable<T>(calls: Calls, reading: Promise<T>, otherwise: T): Promise<T> {
  return reading.catch((error: unknown) => {
    calls.signal.throwIfAborted()
    if (error instanceof MusterError) return otherwise
    throw error
  })
}

async function readDeletions(
  send: Send,
  zone: string,
  calls: Calls,
): Promise<readonly { readonly id: string; readonly operation: NativeOperation }[]> {
  const since = isoTime(calls.now() - RECENT_MS)
  const request = {
    what: `reading deletions in ${zone}`,
    message: { zone, filter: `(operationType="${DELETE}") AND (creationTimestamp > "${since}")` },
    fields: "items(name,operationType,targetLink,insertTime,clientOperationId),nextPageToken",
  }
  const operations: NativeOperation[] = []
  for await (const { items = [] } of pages(send, calls, "zoneOperations.list", request)) operations.push(...items)
  return operations
    .filter(({ operationType }) => operationType === DELETE)
    .map((operation) => ({ id: idOf(zone, lastPart(operation.targetLink)), operation }))
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
  const { items = [] } = await ifReadable(calls, send(calls, "zoneOperations.list", request), {})
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
