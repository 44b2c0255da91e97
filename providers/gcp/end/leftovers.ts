/**
 * What Muster made and that is not an instance: disks. They end with their instance (`autoDelete`), unless somebody has
 * changed that, or detached one. Nothing else is made that could stay: no static address, no template, no network.
 */
import { AuthError, MusterError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { asError, isNotFound } from "../client/errors.js"
import { labelled, type ListMeans, partial } from "../observe/labelled.js"
import { hexOf, idOf, partsOf, uuidOf } from "../client/names.js"
import { lastPart, type NativeDisk, type NativeOperation } from "../client/native.js"
import { saidBy } from "../client/details.js"
import { parseTime } from "../../../src/tables/times.js"

const KIND = "disk"

/** A disk is there some moments before the instance that it is made for. */
const BEING_MADE_MS = 10 * 60_000

/**
 * Disks with our labels that no instance holds. Who may not list disks is told of none: their instances were made with
 * `autoDelete`, and that they are gone is known without this.
 */
export async function leftovers(means: ListMeans, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const { ids, ...rest } = selector
  const { natives, silent } = await labelled(means, "disks", rest, calls).catch((error: unknown) => {
    if (error instanceof AuthError) return { natives: [], silent: [] }
    throw error
  })
  const error = partial(silent)
  if (error !== undefined) throw error
  return natives
    .filter((disk) => isLeft(disk, calls.now()))
    .map(({ name = "", zone, labels = {} }) => ({
      kind: KIND,
      id: idOf(lastPart(zone), name),
      region: means.region,
      tags: labels,
      shared: false,
    }))
    .filter(
      ({ id, tags }) =>
        tags[TAG.uid] !== undefined && tagsMatch(tags, selector) && (ids === undefined || ids.includes(id)),
    )
}

function isLeft({ users = [], status, creationTimestamp, lastAttachTimestamp }: NativeDisk, now: number): boolean {
  if (users.length > 0 || status === "DELETING") return false
  return lastAttachTimestamp !== undefined || now - (parseTime(creationTimestamp) ?? 0) > BEING_MADE_MS
}

/** Asked again after so long, it is a new request. */
const SAME_REQUEST_MS = 60_000

/** One request each, all at once; what is gone already is success. One that an instance holds again is refused by Google. */
export async function remove(means: ListMeans, found: readonly Leftover[], calls: Calls): Promise<void> {
  const period = Math.floor(calls.now() / SAME_REQUEST_MS)
  const outcomes = await Promise.allSettled(found.map((one) => removeOne(means, one, period, calls)))
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function removeOne(
  { send, region }: ListMeans,
  { kind, id }: Leftover,
  period: number,
  calls: Calls,
): Promise<void> {
  const what = `removing ${kind} ${id}`
  const parts = partsOf(id)
  if (kind !== KIND || parts === undefined) throw new MusterError(`${what}: Compute Engine has no such kind`)
  const requestId = uuidOf(hexOf(`remove/${id}/${period}`, 32))
  const message = { zone: parts.zone, disk: parts.name, requestId }
  try {
    const operation = await ended(
      send,
      parts.zone,
      await send(calls, "disks.delete", { what, message, fields: FATE }),
      calls,
    )
    const [problem] = operation.error?.errors ?? []
    if (problem !== undefined) throw asError(saidBy(problem), { what, region })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

const FATE = "name,status,error"

/** It is accepted before it is done, and may fail then. A disk goes within seconds: one wait, of two minutes at most, tells. */
async function ended(send: Send, zone: string, operation: NativeOperation, calls: Calls): Promise<NativeOperation> {
  const { name = "", status } = operation
  if (status === "DONE" || name === "") return operation
  const what = `waiting for the end of ${name}`
  try {
    return await send(calls, "zoneOperations.wait", { what, message: { zone, operation: name }, fields: FATE })
  } catch (error) {
    // It was accepted, and whoever may not look, or looks too late, knows no more.
    if (error instanceof AuthError || isNotFound(error)) return operation
    throw error
  }
}
