/**
 * Pending launches: launch calls that may still make instances although no list shows them, from this machine's journals and, for
 * clusters without a journal here, from their tags. Pure.
 */
import { windowMs } from "../state/windows.js"
import type { Json, LaunchCall, Limits, Provider } from "../../provider.js"
import type { JournalHistory } from "../journal/journal.js"
import { generationOf, TAG } from "../tags.js"
import type { TaggedResources } from "./tagged.js"

export interface PendingLaunch {
  readonly uid: string
  /** A launch call without an outcome, instances that an answer named, or an unknown launch. */
  readonly kind: "call" | "instances" | "unknown"
  /** Stable over all lists: a launch call's token, or a cluster's uid. */
  readonly id: string
  /** A complete list that is begun then or later shows all that has come of it; milliseconds since 1970. */
  readonly until: number
  readonly what: string
  /** The launch call, where it is known: what became of it can be asked. */
  readonly call?: LaunchCall
  /** The process that sends it may live. */
  readonly senderMayLive?: true
  /** What its answer said to ask with. */
  readonly ref?: Json
  /** Instances that its answer named. */
  readonly ids?: readonly string[]
}

/** A process that lives sends a launch call without an answer again after five minutes at the latest. */
const RESENT_MS = 6 * 60_000

/** What became of a launch call is known to the clouds for at least an hour (Compute Engine keeps operations so long). */
const OPERATION_KEPT_MS = 55 * 60_000

/** In milliseconds since 1970. */
export interface When {
  readonly now: number
  /** When the journals were read first. */
  readonly begun: number
}

/** What was written in the future, by a clock that has been set since, was written before it was read first. */
function past(at: number, { now, begun }: When): number {
  return at > now ? begun : at
}

/** What a journal tells of launch calls at this place that may still make something, or have made what lists may miss. */
export function pendingIn(history: JournalHistory, provider: Provider, when: When): readonly PendingLaunch[] {
  const { now } = when
  const { uid, open, made, isAbandoned } = history
  const isAtPlace = (row: { readonly provider: string; readonly region: string }) =>
    row.provider === provider.name && row.region === provider.region
  const window = windowMs(provider.limits)
  const calls = open.filter(isAtPlace).flatMap(({ call, sentAt: written, ref }): readonly PendingLaunch[] => {
    const sentAt = past(written, when)
    const until = sentAt + window + (isAbandoned ? 0 : RESENT_MS)
    const isAskable = ref !== undefined || provider.find !== undefined
    if (now >= (isAskable ? sentAt + OPERATION_KEPT_MS : until)) return []
    const holder = isAbandoned ? "" : ", and the process that sent it may live and send it again"
    const what = `a launch call for ${call.count}, sent ${secondsOf(now - sentAt)} ago, has no known outcome${holder}`
    const sender = isAbandoned ? {} : ({ senderMayLive: true } as const)
    return [{ uid, kind: "call", id: call.token, until, what, call, ...sender, ...(ref === undefined ? {} : { ref }) }]
  })
  const unlisted = [...groups(made.filter(isAtPlace), ({ token }) => token)].flatMap(
    ([token, rows]): readonly PendingLaunch[] => {
      const until = Math.max(...rows.map(({ at }) => past(at, when))) + window
      const what = `${rows.length} instances that a launch call made may not be listed yet`
      const ids = rows.map(({ instance }) => instance.id)
      return now >= until ? [] : [{ uid, kind: "instances", id: token, until, what, ids }]
    },
  )
  return [...calls, ...unlisted]
}

/**
 * The clusters that no journal of this machine covers: which of their launch calls are on their way is not known here. The owner of a
 * cluster without instances may be sending its first launch call. Where an instance was launched lately, its launch call may still
 * be under way.
 *
 * @param isCovered whether a journal tells of all launch calls of a uid up to this generation.
 * @param begun when the list was begun, in milliseconds since 1970.
 */
export function possiblyPending(
  { instances, leftovers }: TaggedResources,
  isCovered: (uid: string, generation: number) => boolean,
  limits: Limits,
  begun: number,
): readonly PendingLaunch[] {
  const things = [...instances, ...leftovers.filter(({ shared }) => !shared)]
  return [...groups(things, ({ tags }) => tags[TAG.uid] ?? "")].flatMap(([uid, own]): readonly PendingLaunch[] => {
    const latest = Math.max(...own.map(({ tags }) => generationOf(tags)))
    const launches = own.flatMap((thing) => ("launchedAt" in thing ? [thing.launchedAt] : []))
    const window = windowMs(limits)
    const isQuiet = launches.length > 0 && begun - Math.max(...launches) > window
    if (uid === "" || isQuiet || isCovered(uid, latest)) return []
    const why = launches.length === 0 ? "it has set-up and no instance" : "its youngest instance was launched lately"
    const what = `no journal of this machine tells of its launch calls, and ${why}: one may be on its way`
    return [{ uid, kind: "unknown", id: uid, until: begun + window, what }]
  })
}

/** A journal that could not be read was written a moment ago: its launch calls may be on their way. */
export function pendingOfUnreadable(uid: string, at: number, limits: Limits, when: When): readonly PendingLaunch[] {
  const [{ now }, writtenAt] = [when, past(at, when)]
  const until = writtenAt + windowMs(limits) + RESENT_MS
  const what = `the launch journal of uid ${uid} cannot be read, and was written ${secondsOf(now - writtenAt)} ago`
  return now >= until ? [] : [{ uid, kind: "unknown", id: `${uid}.jsonl`, until, what }]
}

function groups<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>()
  for (const one of all) found.set(keyOf(one), [...(found.get(keyOf(one)) ?? []), one])
  return found
}

export function secondsOf(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`
}
