/**
 * Ender: ends the instances of a cluster whose process has gone, those too that come of what was on the wire then, and removes
 * what else was made for it.
 */
import type { Clock } from "../calls/clock.js"
import { createCalls } from "../calls/send.js"
import { removeJournals } from "../fleet/journal/remove.js"
import { livingStates } from "../fleet/lifecycle.js"
import type { Arrival } from "../fleet/leftovers/pending-launches.js"
import { windowMs } from "../fleet/state/windows.js"
import { awaiting, isPassing } from "../fleet/leftovers/pending-tracker.js"
import { generationOf, isOurs } from "../fleet/tags.js"
import type { Calls, Instance, Json, JsonObject, LaunchCall, Owner, Provider } from "../provider.js"
import type { ProviderName } from "../spec.js"

/** One cluster in one place, with all that is needed to end it from elsewhere. */
export interface EndRequest {
  readonly provider: ProviderName
  readonly region: string
  readonly options: JsonObject
  readonly owner: Pick<Owner, "cluster" | "uid" | "owner" | "generation">
  /** Those that were known, with the tags that were read of them. */
  readonly instances: readonly Instance[]
  /** Launch calls of which more may come. */
  readonly launches: readonly SentCall[]
  /** Something else was being made: it is there then, or not at all; milliseconds since 1970. */
  readonly setUpUntil?: number
  /** The directory of the launch journal, where this and the cluster's other requests tell all there is to end. */
  readonly journal?: string
}

export interface SentCall {
  readonly call: LaunchCall
  /** When it was last sent, in milliseconds since 1970. */
  readonly sentAt: number
  /** What its answer said to look with. */
  readonly ref?: Json
}

/** The longest of the clouds' windows is six minutes; what an operation takes that was accepted before is its own matter. */
const LONGEST_MS = 30 * 60_000

/** Lists that must show none, one after the other. */
const ENOUGH_LISTS = 2

/** While nothing comes it is looked for less and less often. */
const LONGEST_PAUSE_MS = 30_000

/** Makes the provider of a request. */
export type Load = (name: ProviderName, region: string, options: JsonObject) => Promise<Provider>

export async function endAll(requests: readonly EndRequest[], clock: Clock, load: Load): Promise<void> {
  const ends = await Promise.all(requests.map((request) => endOne(request, clock, load).catch(() => false)))
  const kept = requests.flatMap(({ journal, owner }) => (journal === undefined ? [] : [{ journal, owner }]))
  // Nothing is left of what they tell: whoever uses the name next need not look for it.
  if (!ends.every(Boolean)) return
  for (const { journal, owner } of kept) {
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

/** Whether nothing of it is left. */
async function endOne(request: EndRequest, clock: Clock, load: Load): Promise<boolean> {
  const provider = await clock.busy("loading", load(request.provider, request.region, request.options))
  const calls = createCalls({ clock, limits: provider.limits, signal: new AbortController().signal })
  const ending = { request, provider, calls, clock, until: clock.now() + LONGEST_MS }
  return (await endInstances(ending)) && (await removeLeftovers(ending))
}

/** False when the time was over before, or somebody else has the cluster now. */
async function endInstances(ending: Ending): Promise<boolean> {
  const { request, provider, clock, until } = ending
  const expected = arrivalsOf(request, provider)
  const { open } = awaiting(ending)
  // Only what carries the cluster's tags, whoever says so.
  const known = request.instances.filter(({ tags }) => isOurs(tags, request.owner))
  const seen = new Set(known.map(({ id }) => id))
  let refused = await terminate(ending, known)
  let pauseMs = provider.limits.look.everyMs
  for (let empty = 0; empty < ENOUGH_LISTS; ) {
    if (clock.now() >= until) return false
    await clock.sleep(pauseMs)
    const begun = clock.now()
    const living = await livingOf(ending)
    if (living?.some(({ tags }) => isTakenOver(request, tags))) return false
    const standing = living?.filter(({ state }) => state !== "terminating") ?? []
    // One that lists do not show yet is told again until the cloud has heard it.
    const unlisted = refused.filter(({ id }) => !standing.some((one) => one.id === id))
    refused = await terminate(ending, [...standing, ...unlisted])
    for (const { id } of living ?? []) seen.add(id)
    // What was there and is absent from a complete list has gone.
    const gone = new Set([...seen].filter((id) => living?.every((one) => one.id !== id)))
    const isOpen = living === undefined || refused.length > 0 || (await open(expected, { begun, gone })).length > 0
    empty = living?.length === 0 && !isOpen ? empty + 1 : 0
    const isQuiet = living?.length === 0 && isOpen
    pauseMs = isQuiet ? Math.min(pauseMs * 2, LONGEST_PAUSE_MS) : provider.limits.look.everyMs
  }
  return true
}

/** What may still come of what was on the wire. */
function arrivalsOf({ launches, owner, setUpUntil }: EndRequest, { limits }: Provider): readonly Arrival[] {
  const { uid } = owner
  const calls = launches.map(({ call, sentAt, ref }) => {
    const asked = ref === undefined ? {} : { ref }
    return { uid, kind: "call", id: call.token, until: sentAt + windowMs(limits), what: "", call, ...asked } as const
  })
  return setUpUntil === undefined ? calls : [...calls, { uid, kind: "unknown", id: uid, until: setUpUntil, what: "" }]
}

/** Whoever has claimed a later generation has the cluster, and what there is of it. */
function isTakenOver({ owner }: EndRequest, tags: Instance["tags"]): boolean {
  return generationOf(tags) > owner.generation
}

/** Undefined when the list could not be read: no proof of anything. */
function livingOf({ request, provider, calls }: Ending): Promise<readonly Instance[] | undefined> {
  const { cluster, uid, owner } = request.owner
  return provider.list({ cluster, uid, owner, states: livingStates(provider.limits) }, calls).catch(() => undefined)
}

/** Those of which the cloud has not taken it. */
async function terminate({ provider, calls }: Ending, instances: readonly Instance[]): Promise<readonly Instance[]> {
  if (instances.length === 0) return []
  try {
    const { failures } = await provider.terminate(instances, calls)
    return instances.filter(({ id }) => failures.some((failure) => failure.id === id))
  } catch {
    return instances
  }
}

/** Templates, groups and claims go last: until then they tell whoever looks that there was a cluster. */
async function removeLeftovers({ request, provider, calls, clock, until }: Ending): Promise<boolean> {
  const { cluster, uid, owner } = request.owner
  for (;;) {
    try {
      const found = (await provider.leftovers?.({ cluster, uid, owner }, calls)) ?? []
      const own = found.filter(({ shared }) => !shared)
      if (own.some(({ tags }) => isTakenOver(request, tags))) return false
      if (own.length > 0) await provider.remove?.(own, calls)
      return true
    } catch (error) {
      if (!isPassing(error) || clock.now() >= until) return false
    }
    await clock.sleep(provider.limits.look.everyMs)
  }
}
