/** Current owner: whether another process owns a cluster, by its tags and this machine's journals. Reading them claims nothing. */
import { hostname } from "node:os"
import { isAlive } from "../../calls/alive.js"
import { type Clock, wallAheadMs } from "../../calls/clock.js"
import type { Provider } from "../../provider.js"
import type { JournalHistory } from "../journal/journal.js"
import { type OwnerProcess, hostLabel, parseOwnerProcess } from "../ownership/owner-process.js"
import { latestGenerationOf, TAG } from "../tags.js"
import { windowMs } from "../state/windows.js"
import { withTimeout } from "./with-timeout.js"
import { listTagged, type TaggedResources } from "./tagged.js"

/** Another process that owns the cluster, as far as tags and journals tell. */
export interface ObservedOwner extends Partial<OwnerProcess> {
  readonly host: string
  readonly pid: number
  /** How that is known: it lives on this machine, it made something a moment ago, or it renews a lease. */
  readonly sign: "lives" | "made" | "lease"
  /** When it was seen last, in milliseconds since 1970; now, for one that lives on this machine. */
  readonly seenAt: number
}

const LONGEST_MS = 10 * 60_000

/**
 * The process that owns the cluster of this name, as all places together tell: the process of the highest generation, where it lives
 * on this machine, has made something within the cloud's consistency window, or renews a lease. Undefined where no such process was
 * seen: the owner has let go of the cluster, or has ended, or is idle on another machine.
 *
 * @throws the error of a place that could not be looked at.
 */
export async function ownerProcessOf(
  providers: readonly Provider[],
  {
    name,
    owner,
    journals,
  }: { readonly name: string; readonly owner: string; readonly journals: readonly JournalHistory[] },
  clock: Clock,
): Promise<ObservedOwner | undefined> {
  const options = { clock, ms: LONGEST_MS, doing: "looking who holds the cluster", readOnly: true }
  const selector = { cluster: name, owner }
  const tagged = await Promise.all(
    providers.map(async (provider) => ({
      windowMs: windowMs(provider.limits),
      ...(await withTimeout(provider, options, (calls) => listTagged(provider, selector, calls))),
    })),
  )
  return observedOwner(tagged, journals, { now: clock.now() + wallAheadMs(clock), host: hostname(), isAlive })
}

export interface Here {
  /** By the clock of day, in milliseconds since 1970. */
  readonly now: number
  readonly host: string
  readonly isAlive: (pid: number) => boolean
}

/** The same of what was seen. Pure but for `isAlive`. */
export function observedOwner(
  tagged: readonly (TaggedResources & { readonly windowMs: number })[],
  journals: readonly Pick<JournalHistory, "holder" | "since">[],
  { now, host, isAlive: lives }: Here,
): ObservedOwner | undefined {
  const written = journals.find(({ holder }) => holder !== undefined && holder !== process.pid)
  if (written?.holder !== undefined) {
    const since = written.since === undefined ? {} : { since: written.since }
    return { host, pid: written.holder, ...since, sign: "lives", seenAt: now }
  }
  const signs = tagged.flatMap((place) => signsAt(place)).sort((a, b) => b.generation - a.generation || b.at - a.at)
  const latest = signs.find(({ holder }) => holder !== undefined)
  if (latest?.holder === undefined || latest.generation < (signs[0]?.generation ?? 0)) return undefined
  const { holder, leaseEnds } = latest
  if (holder.host === hostLabel(host)) {
    if (holder.pid === process.pid || !lives(holder.pid)) return undefined
    return { ...holder, sign: "lives", seenAt: now }
  }
  if (leaseEnds > now) return { ...holder, sign: "lease", seenAt: now }
  return now - latest.at < latest.windowMs ? { ...holder, sign: "made", seenAt: latest.at } : undefined
}

interface Sign {
  readonly generation: number
  readonly holder: OwnerProcess | undefined
  /** When what carries it was made, in milliseconds since 1970. */
  readonly at: number
  readonly leaseEnds: number
  readonly windowMs: number
}

function signsAt({
  instances,
  leftovers,
  windowMs: ms,
}: TaggedResources & { readonly windowMs: number }): readonly Sign[] {
  const made = instances.map(({ tags, launchedAt }) => ({ tags, at: launchedAt }))
  // A claim contains the time since when it is owned.
  const claims = leftovers.flatMap(({ tags, shared }) => (shared ? [] : [{ tags, at: 0 }]))
  return [...made, ...claims].map(({ tags, at }) => {
    const holder = parseOwnerProcess(tags[TAG.holder])
    const leaseEnds = Number(tags[TAG.lease] ?? "0") * 1000
    return {
      generation: latestGenerationOf(tags),
      holder,
      at: Math.max(at, holder?.since ?? 0),
      leaseEnds,
      windowMs: ms,
    }
  })
}
