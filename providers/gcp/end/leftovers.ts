/**
 * Leftovers are disks and firewall rules that Muster made. Disks end with their instance (`autoDelete`), unless a user has changed that
 * or has detached one; rules stay until they are removed. Nothing else is made: no static address, no template, no network.
 */
import { AuthError, MusterError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { asError, isNotFound } from "../client/errors.js"
import type { KnownRules } from "../prepare/firewall/known-rules.js"
import type { FirewallContext } from "../prepare/firewall/requests.js"
import { removeRules } from "../prepare/firewall/remove.js"
import { leftRules, RULE_KIND } from "./left-rules.js"
import { labelled, type ListContext, partial } from "../observe/labelled.js"
import { hexOf, idOf, partsOf, uuidOf } from "../client/ids/names.js"
import { lastPart, type NativeDisk, type NativeOperation } from "../client/native.js"
import { detailsOf } from "../client/refusals/details.js"
import { parseTime } from "../../../src/tables/times.js"

const KIND = "disk"

export interface LeftoverContext extends ListContext {
  readonly firewall: FirewallContext
  readonly known: KnownRules
}

export async function leftovers(
  context: LeftoverContext,
  selector: Selector,
  calls: Calls,
): Promise<readonly Leftover[]> {
  const [disks, rules] = await Promise.all([
    leftDisks(context, selector, calls),
    context.known.mayBeOf(selector) ? leftRules(context.firewall, selector, calls) : [],
  ])
  return [...disks, ...rules]
}

/** A disk is there some moments before the instance that it is made for. */
const BEING_MADE_MS = 10 * 60_000

/**
 * Disks with our labels that no instance uses. Without the right to list disks there are none to report: their instances were
 * made with `autoDelete`, so their disks end with them.
 */
async function leftDisks(context: ListContext, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const { ids, ...rest } = selector
  const { natives, unreachable } = await labelled(context, "disks", rest, calls).catch((error: unknown) => {
    if (error instanceof AuthError) return { natives: [], unreachable: [] }
    throw error
  })
  const error = partial(unreachable)
  if (error !== undefined) throw error
  return natives
    .filter((disk) => isLeft(disk, calls.now()))
    .map(({ name = "", zone, labels = {} }) => ({
      kind: KIND,
      id: idOf(lastPart(zone), name),
      region: context.region,
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

/** A request that is repeated after so long is a new request. */
const SAME_REQUEST_MS = 60_000

/**
 * One request each, all at once; what is deleted already is success. Google refuses to delete a disk that an instance uses again.
 * Rules that close something go after those that open.
 */
export async function remove(context: LeftoverContext, found: readonly Leftover[], calls: Calls): Promise<void> {
  const period = Math.floor(calls.now() / SAME_REQUEST_MS)
  const rules = found.filter(({ kind }) => kind === RULE_KIND)
  const others = found.filter(({ kind }) => kind !== RULE_KIND)
  const outcomes = await Promise.allSettled([
    ...others.map((one) => removeOne(context, one, period, calls)),
    removeRules(
      context.firewall,
      rules.map(({ id }) => id),
      calls,
    ),
  ])
  calls.signal.throwIfAborted()
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function removeOne(
  { send, region }: ListContext,
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
    if (problem !== undefined) throw asError(detailsOf(problem), { what, region })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

const FATE = "name,status,error"

/**
 * It is accepted before it is done, and may fail then. A disk is deleted within seconds, so one wait of two minutes at most is
 * enough.
 */
async function ended(send: Send, zone: string, operation: NativeOperation, calls: Calls): Promise<NativeOperation> {
  const { name = "", status } = operation
  if (status === "DONE" || name === "") return operation
  const what = `waiting for the end of ${name}`
  try {
    return await send(calls, "zoneOperations.wait", { what, message: { zone, operation: name }, fields: FATE })
  } catch (error) {
    // The deletion was accepted. Without the right to read the operation, or after it was forgotten, no more is known.
    if (error instanceof AuthError || isNotFound(error)) return operation
    throw error
  }
}
