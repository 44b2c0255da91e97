/** Lists by zone: workers asked for by id, zone by zone. It serves changed workers, and all known ones in the outage of a zone. */
import { RejectedError, TransientError } from "../../errors.js"
import type { Instance, Provider, Selector } from "../../provider.js"
import { type Fleet, pollCalls, type PollState } from "../state/context.js"
import type { WorkerRecord } from "../roster/worker-record.js"

/**
 * The instances that we know of, of the zones that answer. Nothing can be concluded about any other, but a burst goes on
 * elsewhere: nothing exists that we do not know, as only we launch, and launches of unknown outcome stay booked.
 *
 * @param error why the complete list failed.
 * @throws it when that is no matter of one zone, and when what lives has never been listed: then there may be more.
 */
export async function listKnown(
  fleet: Fleet,
  provider: Provider,
  poll: PollState,
  error: unknown,
): Promise<readonly Instance[]> {
  // An error with a request's id is the cloud's own answer: it is there, and not well. So is a refusal in whatever words.
  const isOutage = (error instanceof TransientError && error.requestId !== undefined) || error instanceof RejectedError
  const isKnown = poll.listedAt > 0 || fleet.owner.generation === 1
  if (provider.limits.listsByZone !== true || !isOutage || !isKnown || fleet.closing) throw error
  fleet.emit({ type: "problem", error: error.name, message: error.message })
  const lists = zonesOf([...fleet.roster.at(provider).living]).map((ids) =>
    provider.list(ids, pollCalls(fleet, provider)),
  )
  const outcomes = await Promise.allSettled(lists)
  fleet.signal.throwIfAborted()
  return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))
}

/** These workers as they are now, asked for by id, zone by zone; what the cloud does not know is left out. */
export async function listByZone(
  fleet: Fleet,
  provider: Provider,
  workers: readonly WorkerRecord[],
): Promise<readonly Instance[]> {
  const lists = zonesOf(workers).map((ids) => provider.list(ids, pollCalls(fleet, provider)))
  return (await Promise.all(lists)).flat()
}

function zonesOf(workers: readonly WorkerRecord[]): readonly Selector[] {
  const zones = new Map<string, string[]>()
  for (const { instance } of workers) {
    const ids = zones.get(instance.zone)
    if (ids === undefined) zones.set(instance.zone, [instance.id])
    else ids.push(instance.id)
  }
  return [...zones].map(([zone, ids]) => ({ ids, zones: [zone] }))
}
