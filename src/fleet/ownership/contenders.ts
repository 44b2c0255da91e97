/**
 * Contenders: another cluster with this one's name and owner was started in the same moment, when lists could show neither to the
 * other. Where no claim decided before the launch, lists decide: the cluster with the earlier first instance stays, and of two
 * equal ones the smaller uid. Both processes read the same lists, so that not both stay. The later cluster ends only after two
 * complete lists, a consistency window apart, agree, so that not both end.
 */
import type { Contention, FirstLaunches, Fleet } from "../state/context.js"
import { NAME_TAKEN, OwnershipError } from "../../errors.js"
import type { Instance, Provider } from "../../provider.js"
import { TAG } from "../tags.js"

export function newContention(): Contention {
  return { firstLaunches: new Map(), listedAt: new Map(), behindSince: undefined, reported: new Set() }
}

/**
 * Whether lists also ask for other clusters of the name: while this process launches and its instances boot, once more when lists
 * can no longer miss a contender, and as long as there is one. Otherwise a cluster lists its own instances alone, which some
 * clouds answer faster.
 */
export function mayHaveContenders(fleet: Fleet, provider: Provider): boolean {
  const { clock, contention, groups, roster } = fleet
  if (!fleet.isNamed || !fleet.isOwner || fleet.closing || fleet.leaving) return false
  if ([...groups.values()].every(({ desired }) => desired === 0)) return false
  const isBooting = roster.all.size("pending") > 0 || roster.launches.size > 0
  if (isBooting || contendersOf(fleet).size > 0) return true
  const listedAt = contention.listedAt.get(provider) ?? Number.NEGATIVE_INFINITY
  let latest = Number.NEGATIVE_INFINITY
  for (const { knownSince } of roster.all.living) latest = Math.max(latest, knownSince)
  const shownAt = latest + provider.limits.attemptMs + provider.limits.consistencyMs
  return listedAt < latest || (listedAt < shownAt && clock.now() >= shownAt)
}

/** Another cluster of the name seems to have come first: nothing is launched, and no target is met, until that is decided. */
export function isBehind({ contention }: Fleet): boolean {
  return contention.behindSince !== undefined
}

/**
 * Compares the clusters that a complete list of the name shows.
 *
 * @param begun when the list was begun, in milliseconds since 1970.
 * @throws OwnershipError with code NAME_TAKEN once it is certain that another one came first.
 */
export function resolveContenders(fleet: Fleet, provider: Provider, listed: readonly Instance[], begun: number): void {
  const { contention, owner } = fleet
  contention.firstLaunches.set(provider, firstLaunchesOf(listed))
  contention.listedAt.set(provider, begun)
  const contenders = contendersOf(fleet)
  const own = firstOf(fleet, owner.uid)
  const [winner] = [...contenders].filter(([uid, at]) => isEarlier([uid, at], [owner.uid, own]))
  if (winner === undefined) {
    contention.behindSince = undefined
    for (const [uid] of contenders)
      reportContender(fleet, uid, "this one stays; if the process that made that one has ended, ")
    return
  }
  contention.behindSince ??= begun
  reportContender(
    fleet,
    winner[0],
    "that one came first, and unless lists say otherwise this one ends what it has made; ",
  )
  if (begun < decidedAt(fleet, contention.behindSince)) return
  throw new OwnershipError(
    `cluster "${owner.cluster}" (owner "${owner.owner}"): another one of this name (uid ${winner[0]}) was started in the same moment, and came first; what this one had made has been ended. Use existing: "connect" to go on with that one, or another name`,
    { code: NAME_TAKEN },
  )
}

function firstLaunchesOf(listed: readonly Instance[]): FirstLaunches {
  const firstLaunches = new Map<string, number>()
  for (const { tags, launchedAt } of listed) {
    const { [TAG.uid]: uid } = tags
    if (uid !== undefined) firstLaunches.set(uid, Math.min(launchedAt, firstLaunches.get(uid) ?? launchedAt))
  }
  return firstLaunches
}

function firstOf({ contention }: Fleet, uid: string): number {
  return [...contention.firstLaunches.values()].reduce(
    (first, firstLaunches) => Math.min(first, firstLaunches.get(uid) ?? first),
    Number.POSITIVE_INFINITY,
  )
}

function contendersOf(fleet: Fleet): ReadonlyMap<string, number> {
  const uids = new Set(
    [...fleet.contention.firstLaunches.values()].flatMap((firstLaunches) => [...firstLaunches.keys()]),
  )
  uids.delete(fleet.owner.uid)
  return new Map([...uids].map((uid) => [uid, firstOf(fleet, uid)]))
}

type First = readonly [uid: string, at: number]

function isEarlier([uid, at]: First, [ownUid, own]: First): boolean {
  return at < own || (at === own && uid < ownUid)
}

/**
 * A list begun at this moment decides: one window after the first that said so, and when lists can no longer miss what this
 * process asked for, which may have come earlier than what they show of it.
 */
function decidedAt({ providers, roster }: Fleet, behindSince: number): number {
  const windows = providers.map(({ limits }) => behindSince + limits.consistencyMs)
  const open = roster.launches
    .asked()
    .map(({ sentAt, provider: { limits } }) => sentAt + limits.attemptMs + limits.consistencyMs)
  return Math.max(...windows, ...open)
}

function reportContender(fleet: Fleet, uid: string, what: string): void {
  const { contention, owner } = fleet
  if (contention.reported.has(uid)) return
  contention.reported.add(uid)
  const message = `another cluster with the name "${owner.cluster}" and owner "${owner.owner}" lives (uid ${uid}, this one's is ${owner.uid}): ${what}muster delete ${owner.cluster} ends both`
  fleet.emit({ type: "problem", error: "OwnershipError", message })
}
