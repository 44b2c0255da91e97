/** Leaving: what a walk has made is ended and swept, and what cannot be ended is waited for until its guest ends it. */
import { MusterError } from "../../errors.js"
import { sweep } from "../../fleet/leftovers/sweep.js"
import { windowMs } from "../../fleet/state/windows.js"
import type { Calls } from "../../provider.js"
import { resolveSweep } from "../../verbs/verbs.js"
import { endThese, endUnanswered } from "./ending.js"
import { areGone, thoseThere, until } from "./machines.js"
import type { WalkSite } from "./site.js"
import { timesOf } from "./times.js"
import { endsAfter, type Followed } from "./witness.js"

/** Everything is gone so long after the walk at the latest, in milliseconds; what is not is told of. */
const SWEPT_WITHIN_MS = 15 * 60_000
/** One sweep takes no longer beyond the time in which launches that nobody is told of may still show. */
const SWEEP_MS = 60_000

/** @returns what is left, each in words. Throws nothing. */
export async function leaveNothing(site: WalkSite): Promise<readonly string[]> {
  const { clock, witness } = site
  const late = () => new MusterError("the end of the walk took too long")
  const own = { signal: new AbortController().signal, ms: SWEPT_WITHIN_MS, reason: late }
  const { signal, done } = endsAfter(clock, own)
  try {
    const calls = witness.callsTo(site.provider.limits, signal)
    return await endAll({ ...site, signal }, calls)
  } catch (error) {
    return [`not swept: ${error instanceof Error ? error.message : String(error)}`]
  } finally {
    done()
  }
}

async function endAll(site: WalkSite, calls: Calls): Promise<readonly string[]> {
  const { witness, provider, signal } = site
  const living = witness.workers.filter((worker) => mayLive(worker, site))
  if (!areGone(living)) site.say(`ending ${thoseThere(living)}`)
  const missedAt = new Map(living.map((worker) => [worker, worker.goneAt] as const))
  for (const worker of living) delete worker.goneAt
  const asked = await witness.watch(signal, () => endThese(site, calls, living))
  if (asked.error !== undefined) await awaitGuests(site, calls, living, asked.error.message)
  await endUnanswered(site, calls)
  site.say("sweeping what is left")
  const swept = await sweptRows(site)
  if (swept.error === undefined && swept.left.length === 0) {
    wereGone(missedAt)
    return []
  }
  // What its guest has ended meanwhile was no failure of the walk.
  const again = asked.error === undefined ? swept : await sweptRows(site)
  const unswept = again.error === undefined ? [] : [`not swept: ${again.error}`]
  const names = living.filter(({ goneAt }) => goneAt === undefined).map(nameOf)
  return [...(again.error === undefined ? [] : names), ...again.left, ...unswept].map(
    (words) => `${words} (${provider.name} ${provider.region})`,
  )
}

/** Those that only lists have missed are told to end once more: their guests have ended them, or lists were wrong. */
function mayLive({ goneAt, endedAt, instance }: Followed, { provider }: WalkSite): boolean {
  if (goneAt === undefined) return true
  return endedAt === undefined && !provider.limits.goneStates.includes(instance.state)
}

/** Nothing of it is there: lists were right about those that they missed, and the request to end them once more ended none. */
function wereGone(missedAt: ReadonlyMap<Followed, number | undefined>): void {
  for (const [worker, goneAt] of missedAt) {
    if (goneAt === undefined) continue
    worker.goneAt = goneAt
    delete worker.endedAt
  }
}

/** Nobody else can end them: their guests do at their deadlines, which is waited for. */
async function awaitGuests(site: WalkSite, calls: Calls, living: readonly Followed[], why: string): Promise<void> {
  const { witness, signal, walk, provider } = site
  const endAt = Math.max(...living.map(({ deadlineAt }) => deadlineAt)) + timesOf(walk).slackMs
  const withinMs = Math.max(provider.limits.consistencyMs, endAt - witness.now())
  site.say(`${why}; waiting up to ${Math.ceil(withinMs / 1000)} s until their guests end them`)
  const isSo = () => areGone(living)
  if (await until(site, witness.watching(calls, signal), { withinMs, isSo })) {
    const at = Math.max(...living.map(({ goneAt = 0 }) => goneAt))
    witness.problem(`${why}; their guests had ended them ${Math.round(at / 1000)} s after the walk began`)
  } else witness.problem(`${why}; their guests have not ended ${thoseThere(living)} either`)
}

function nameOf({ made, instance }: Followed): string {
  return `instance ${made.id} (${instance.state})`
}

interface Swept {
  readonly left: readonly string[]
  readonly error?: string
}

async function sweptRows(site: WalkSite): Promise<Swept> {
  const { provider, owner, clock, witness, signal, journalDirectory: journal = false } = site
  const spec = { provider, name: owner.cluster, owner: owner.owner, timeoutMs: windowMs(provider.limits) + SWEEP_MS }
  // What launches may still make was waited for, and is in the journal. Without one the sweep waits as for what it knows nothing of.
  const { value, error } = await witness.watch(signal, async () => {
    await site.journal?.close().catch(() => {})
    return sweep(resolveSweep(spec, { journal }), clock)
  })
  if (value === undefined) return { left: [], error: error?.message ?? "no answer" }
  const rows = value.filter(({ removed }) => !removed)
  return { left: rows.map(({ kind, id, problem }) => `${kind} ${id}: ${problem ?? "is there"}`) }
}
