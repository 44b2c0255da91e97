/** Named cluster: its instances are terminated at once, and those of pending launches as they appear. */
import type { Instance } from "../../provider.js"
import { livingStates } from "../lifecycle.js"
import { TAG } from "../tags.js"
import { type PendingLaunch, secondsOf } from "./pending-launches.js"
import { pendingTracker, isPassing } from "./pending-tracker.js"
import { type Chosen, chosenInstances, type Sweeping } from "./selection.js"
import { terminateThese } from "./termination.js"
import type { Journals } from "./journals.js"
import type { TaggedResources } from "./tagged.js"
import { placeOf } from "../roster/keys.js"
import type { SweepRow } from "../../verbs/removals.js"

/** How often a named cluster is emptied again when another process goes on launching for it. */
const MOST_ROUNDS = 3

/** A create request takes so long to be accepted at most, but for rare ones. */
const SOON_MS = 15_000

/** While no instance appears, the lists come less and less often, up to this pause in milliseconds. */
const LONGEST_PAUSE_MS = 30_000

/** A complete list, and when it was begun, in milliseconds since 1970. */
export interface Snapshot {
  readonly tagged: TaggedResources
  readonly begun: number
}

/** The pending launches of a cluster. */
export interface Expected {
  /** Uids of the clusters that existed at the beginning: a cluster that is made meanwhile belongs to another owner. */
  readonly uids: ReadonlySet<string>
  /** The pending launches, after each list. */
  readonly open: (
    gone: readonly SweepRow[],
    begun: number,
    made: ReadonlyMap<string, number>,
  ) => Promise<readonly PendingLaunch[]>
}

/** Launches without a journal are inferred from the first list: once the listed instances are terminated, nothing shows them. */
export function expecting(sweeping: Sweeping, journals: Journals, { tagged, begun: first }: Snapshot): Expected {
  const { provider } = sweeping
  const possiblyPending = journals.possiblyPending(tagged, provider.limits, first)
  const tracker = pendingTracker(sweeping)
  const seen = [...tagged.instances, ...tagged.leftovers].flatMap(({ tags }) => tags[TAG.uid] ?? [])
  return {
    uids: new Set([...seen, ...journals.uids]),
    open: async (gone, begun, made) => {
      const fromJournals = await journals.fromJournals(provider)
      return tracker.open([...fromJournals, ...possiblyPending], {
        begun,
        made,
        gone: new Set(gone.map(({ id }) => id)),
      })
    },
  }
}

/**
 * Terminates all instances, and those that appear later, until a complete list shows none and no launch is pending. A termination
 * that fails is returned at once: a repeated sweep waits for it.
 *
 * @returns a row for each instance, and one of kind "launch" for what may still come when the time to wait was over.
 */
export async function terminateNamed(
  sweeping: Sweeping,
  first: Snapshot,
  expected: Expected,
): Promise<readonly SweepRow[]> {
  const { clock, calls, provider, timeoutMs, now: isNow } = sweeping
  // Launch times of instances are by the cloud's clock.
  const clockSkewMs = calls.now() - clock.now()
  const untilMs = first.begun + timeoutMs
  const rows: SweepRow[] = []
  const made = new Map<string, number>()
  const report = pendingReporter(sweeping)
  let isRelaunched = (_instance: Instance) => false
  let pauseMs = provider.limits.look.everyMs
  let [{ tagged, begun }, rounds] = [first, 0]
  for (;;) {
    const isOurs = ({ thing }: Chosen<Instance>) =>
      tagged === first.tagged || isAskedFor(thing, expected, first.begun + clockSkewMs)
    const chosen = newIn(sweeping, tagged, rows).filter(isOurs)
    if (chosen.some(({ thing }) => isRelaunched(thing))) rounds += 1
    if (rounds >= MOST_ROUNDS) return [...rows, ...chosen.map(relaunched)]
    for (const { thing } of chosen) noteMade(made, thing)
    if (chosen.length > 0) rows.push(...(await terminateThese(sweeping, chosen)))
    if (rows.some(({ removed }) => !removed)) return rows
    const open = await expected.open(rows, begun, made)
    if (tagged === first.tagged) isRelaunched = relaunches(open, begun + clockSkewMs)
    const isDone = open.length === 0 || isNow || clock.now() >= untilMs
    if (chosen.length === 0 && isDone) return [...rows, ...open.map((pending) => launchRow(sweeping, pending))]
    if (chosen.length === 0) report(open)
    pauseMs = chosen.length > 0 ? provider.limits.look.everyMs : Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    const endsMs = [untilMs, ...open.map(({ until }) => until)].map((at) => at - clock.now()).filter((ms) => ms > 0)
    await clock.sleep(Math.min(pauseMs, ...endsMs))
    ;({ tagged, begun } = await relist(sweeping, untilMs))
  }
}

function noteMade(made: Map<string, number>, { tags }: Instance): void {
  const token = tags[TAG.launch] ?? ""
  made.set(token, (made.get(token) ?? 0) + 1)
}

/** Of a cluster that existed at the first list, or may have existed unseen. */
function isAskedFor({ tags, launchedAt }: Instance, { uids }: Expected, begun: number): boolean {
  return uids.has(tags[TAG.uid] ?? "") || launchedAt <= begun + SOON_MS
}

/**
 * Whether an instance was launched after the first list by a living process. Launches that were pending at that list do not count;
 * where they are unknown, no launch that the cloud accepted soon after it does.
 */
function relaunches(open: readonly PendingLaunch[], begun: number): (instance: Instance) => boolean {
  const tokens = open.flatMap(({ call, senderMayLive }) => (senderMayLive || call === undefined ? [] : [call.token]))
  const since = begun + (open.some(({ kind }) => kind === "unknown") ? SOON_MS : 0)
  return ({ launchedAt, tags }) => launchedAt > since && !tokens.includes(tags[TAG.launch] ?? "")
}

/** Lists the instances alone. A passing failure is retried until the time is over. */
async function relist(sweeping: Sweeping, untilMs: number): Promise<Snapshot> {
  const { clock, provider, calls, criteria } = sweeping
  const { owner, name = "" } = criteria
  for (;;) {
    const begun = clock.now()
    try {
      const states = livingStates(provider.limits)
      return {
        tagged: { instances: await provider.list({ cluster: name, owner, states }, calls), leftovers: [] },
        begun,
      }
    } catch (error) {
      if (!isPassing(error) || clock.now() >= untilMs) throw error
    }
    await clock.sleep(sweeping.provider.limits.look.everyMs)
  }
}

function newIn(sweeping: Sweeping, tagged: TaggedResources, rows: readonly SweepRow[]): Chosen<Instance>[] {
  const known = new Set(rows.map(({ id }) => id))
  return chosenInstances(sweeping, tagged).filter(({ thing }) => !known.has(thing.id))
}

function relaunched({ row }: Chosen<Instance>): SweepRow {
  const problem = "was launched meanwhile: end the process that holds the cluster first, or wait for its deadline"
  return { ...row, hindrance: "relaunched", problem }
}

/** A pending launch as a row. */
export function launchRow({ provider, criteria, clock }: Sweeping, { uid, id, until, what }: PendingLaunch): SweepRow {
  const { name: cluster = "", owner } = criteria
  const problem = `${what}; until ${secondsOf(until - clock.now())} from now it may make instances that nobody ends`
  const place = placeOf(provider)
  return {
    kind: "launch",
    id,
    place,
    cluster,
    owner,
    uid,
    why: "named",
    removed: false,
    hindrance: "coming",
    problem,
  }
}

/** Reports each pending launch once, with its reason and how long it is awaited. */
function pendingReporter({ provider, criteria, clock, onEvent }: Sweeping): (open: readonly PendingLaunch[]) => void {
  const reported = new Set<string>()
  return (open) => {
    const keyOf = ({ kind, id }: PendingLaunch) => `${kind} ${id}`
    for (const pending of open.filter((one) => !reported.has(keyOf(one)))) {
      reported.add(keyOf(pending))
      const { until, what } = pending
      const [place, cluster] = [placeOf(provider), criteria.name ?? ""]
      const message = `${place}: looking for ${secondsOf(until - clock.now())} more for what may still come of "${cluster}": ${what}`
      onEvent({ type: "waiting", place, cluster, until, message })
    }
  }
}
