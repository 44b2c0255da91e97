/**
 * Ender: ends the instances of a cluster whose process has ended, also those that requests on the wire still create. Then it
 * removes the cluster's other resources.
 */
import type { Clock } from "../calls/clock.js"
import { createCalls } from "../calls/send.js"
import { removeJournals } from "../fleet/journal/remove.js"
import { livingStates } from "../fleet/lifecycle.js"
import type { PendingLaunch } from "../fleet/leftovers/pending-launches.js"
import { windowMs } from "../fleet/state/windows.js"
import { pendingTracker, isPassing } from "../fleet/leftovers/pending-tracker.js"
import { isOurs, latestGenerationOf } from "../fleet/tags.js"
import type { Calls, Instance, Json, JsonObject, LaunchCall, Owner, Provider } from "../provider.js"
import type { ProviderName } from "../spec.js"

/** One cluster at one provider and region, with all that another process needs to end it. */
export interface EndRequest {
  readonly provider: ProviderName
  readonly region: string
  readonly options: JsonObject
  readonly owner: Pick<Owner, "cluster" | "uid" | "owner" | "generation">
  /** The known instances, with their tags as last read. */
  readonly instances: readonly Instance[]
  /** Launch calls that may still create instances. */
  readonly launches: readonly SentCall[]
  /** Until when set-up requests on the wire may still create resources, in milliseconds since 1970. */
  readonly setUpUntil?: number
  /** The directory of the launch journal. It is given only where the cluster's requests cover all its places. */
  readonly journal?: string
}

export interface SentCall {
  readonly call: LaunchCall
  /** When it was last sent, in milliseconds since 1970. */
  readonly sentAt: number
  /** The reference of its answer, for `settle`. */
  readonly ref?: Json
}

/** The longest window of a cloud is six minutes; an operation that was accepted before may take longer. */
const LONGEST_MS = 30 * 60_000

/** How many lists in a row must show no instance. */
const ENOUGH_LISTS = 2

/** The longest pause between two lists: the pause doubles while no instance appears. */
const LONGEST_PAUSE_MS = 30_000

/** Makes the provider of a request. */
export type Load = (name: ProviderName, region: string, options: JsonObject) => Promise<Provider>

export async function endAll(requests: readonly EndRequest[], clock: Clock, load: Load): Promise<void> {
  const ends = await Promise.all(requests.map((request) => endOne(request, clock, load).catch(() => false)))
  const journals = requests.flatMap(({ journal, owner }) => (journal === undefined ? [] : [{ journal, owner }]))
  // All that the journals record has ended: the next cluster of this name need not search for it.
  if (!ends.every(Boolean)) return
  for (const { journal, owner } of journals) {
    const removing = removeJournals(journal, owner.cluster, [owner.uid])
    await clock.busy("removing the journal", removing).catch(() => {})
  }
}

interface Ending {
  readonly request: EndRequest
  readonly provider: Provider
  readonly calls: Calls
  readonly clock: Clock
  /** No request begins later, in milliseconds since 1970. */
  readonly until: number
}

/** Whether all instances and resources of the request have ended. */
async function endOne(request: EndRequest, clock: Clock, load: Load): Promise<boolean> {
  const provider = await clock.busy("loading", load(request.provider, request.region, request.options))
  const calls = createCalls({ clock, limits: provider.limits, signal: new AbortController().signal })
  const ending = { request, provider, calls, clock, until: clock.now() + LONGEST_MS }
  return (await endInstances(ending)) && (await removeLeftovers(ending))
}

/** False when the time limit was reached first, or another process owns the cluster now. */
async function endInstances(ending: Ending): Promise<boolean> {
  const { request, provider, clock, until } = ending
  const expected = pendingLaunchesOf(request, provider)
  const { open } = pendingTracker(ending)
  // Only instances that carry the cluster's tags, whatever the request lists.
  const known = request.instances.filter(({ tags }) => isOurs(tags, request.owner))
  const seen = new Set(known.map(({ id }) => id))
  let refused = await terminate(ending, known)
  let pauseMs = provider.limits.look.everyMs
  for (let empty = 0; empty < ENOUGH_LISTS; ) {
    if (clock.now() >= until) return false
    await clock.sleep(pauseMs)
    const begun = clock.now()
    const living = await livingOf(ending)
    if (living?.some(({ tags }) => isSuperseded(request, tags))) return false
    const standing = living?.filter(({ state }) => state !== "terminating") ?? []
    // A refused termination of an instance that lists do not show yet is sent again until the cloud accepts it.
    const unlisted = refused.filter(({ id }) => !standing.some((one) => one.id === id))
    refused = await terminate(ending, [...standing, ...unlisted])
    for (const { id } of living ?? []) seen.add(id)
    // An instance that was seen and is absent from a complete list has ended.
    const gone = new Set([...seen].filter((id) => living?.every((one) => one.id !== id)))
    const isOpen = living === undefined || refused.length > 0 || (await open(expected, { begun, gone })).length > 0
    empty = living?.length === 0 && !isOpen ? empty + 1 : 0
    const isQuiet = living?.length === 0 && isOpen
    pauseMs = isQuiet ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : provider.limits.look.everyMs
  }
  return true
}

/** The arrivals that launches and set-up on the wire may still cause. */
function pendingLaunchesOf(
  { launches, owner, setUpUntil }: EndRequest,
  { limits }: Provider,
): readonly PendingLaunch[] {
  const { uid } = owner
  const calls = launches.map(({ call, sentAt, ref }) => {
    const asked = ref === undefined ? {} : { ref }
    return { uid, kind: "call", id: call.token, until: sentAt + windowMs(limits), what: "", call, ...asked } as const
  })
  return setUpUntil === undefined ? calls : [...calls, { uid, kind: "unknown", id: uid, until: setUpUntil, what: "" }]
}

/** Whether these tags show a later generation: then another process owns the cluster and its instances. */
function isSuperseded({ owner }: EndRequest, tags: Instance["tags"]): boolean {
  return latestGenerationOf(tags) > owner.generation
}

/** Undefined when the list could not be read: that shows nothing. */
function livingOf({ request, provider, calls }: Ending): Promise<readonly Instance[] | undefined> {
  const { cluster, uid, owner } = request.owner
  return provider.list({ cluster, uid, owner, states: livingStates(provider.limits) }, calls).catch(() => undefined)
}

/** The instances whose termination the cloud did not accept. */
async function terminate({ provider, calls }: Ending, instances: readonly Instance[]): Promise<readonly Instance[]> {
  if (instances.length === 0) return []
  try {
    const { failures } = await provider.terminate(instances, calls)
    return instances.filter(({ id }) => failures.some((failure) => failure.id === id))
  } catch {
    return instances
  }
}

/** Removes templates, groups and claims last: until then they show other processes that the cluster existed. */
async function removeLeftovers({ request, provider, calls, clock, until }: Ending): Promise<boolean> {
  const { cluster, uid, owner } = request.owner
  for (;;) {
    try {
      const found = (await provider.leftovers?.({ cluster, uid, owner }, calls)) ?? []
      const own = found.filter(({ shared }) => !shared)
      if (own.some(({ tags }) => isSuperseded(request, tags))) return false
      if (own.length > 0) await provider.remove?.(own, calls)
      return true
    } catch (error) {
      if (!isPassing(error) || clock.now() >= until) return false
    }
    await clock.sleep(provider.limits.look.everyMs)
  }
}
