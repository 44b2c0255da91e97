/** Pending tracker: whether each pending launch has settled or can no longer arrive, list by list. */
import type { Clock } from "../../calls/clock.js"
import { ThrottledError, TransientError } from "../../errors.js"
import type { Calls, InstanceState, Json, Launched, Provider } from "../../provider.js"
import type { PendingLaunch } from "./pending-launches.js"

export interface TrackerContext {
  readonly provider: Provider
  readonly calls: Calls
  readonly clock: Clock
}

export interface PendingTracker {
  /** The launches that are still pending after a complete list. */
  open(launches: readonly PendingLaunch[], after: Observation): Promise<readonly PendingLaunch[]>
}

export interface Observation {
  /** When it was begun, in milliseconds since 1970. */
  readonly begun: number
  /** Instances that are gone by now. */
  readonly gone: ReadonlySet<string>
  /** How many instances were seen of each launch call, by its token. */
  readonly made?: ReadonlyMap<string, number>
}

/** What is known of one pending launch. */
interface Known {
  /** The `until` for which it is over: a launch call that was sent again since is open again. */
  over?: number
  /** What its operation is asked with; null: it cannot be asked. */
  ref?: Json
  isUnqueryable?: true
  /** It is settled: these instances came of it. */
  made?: { readonly ids: readonly string[]; readonly until: number }
}

export function pendingTracker(context: TrackerContext): PendingTracker {
  const all = new Map<string, Known>()
  return {
    open: async (launches, after) => {
      const open = await Promise.all(
        launches.map(async (pending) => {
          const key = `${pending.kind} ${pending.id}`
          const known = all.get(key) ?? {}
          all.set(key, known)
          if (known.over !== undefined && known.over >= pending.until) return []
          if (await isOver(context, pending, known, after)) known.over = pending.until
          return known.over === pending.until ? [] : [{ ...pending, until: known.made?.until ?? pending.until }]
        }),
      )
      return open.flat()
    },
  }
}

async function isOver(
  context: TrackerContext,
  pending: PendingLaunch,
  known: Known,
  after: Observation,
): Promise<boolean> {
  const { call, ref = known.ref, until } = pending
  const { provider, calls } = context
  // All that was asked for has been seen: no more can come of it.
  if (call !== undefined && (after.made?.get(call.token) ?? 0) >= call.count) return true
  if (known.made !== undefined) return areListed(context, known.made, after)
  if (pending.ids !== undefined) return areListed(context, { ids: pending.ids, until }, after)
  if (call !== undefined && ref !== undefined && known.isUnqueryable !== true) {
    return isSettled(context, known, after, () => provider.settle(call, ref, calls))
  }
  if (after.begun < until) return false
  if (call === undefined || provider.find === undefined || known.isUnqueryable === true) return true
  return isSettled(context, known, after, () => provider.find?.(call, calls) ?? Promise.resolve(undefined))
}

/** Lists show what it made a while after it is settled. What cannot be asked is waited for to the end of its window. */
async function isSettled(
  context: TrackerContext,
  known: Known,
  after: Observation,
  ask: () => Promise<Launched | undefined>,
): Promise<boolean> {
  try {
    const launched = await ask()
    if (launched === undefined) return true
    if (launched.ref !== undefined) known.ref = launched.ref
    if (!launched.settled) return false
    const ids = launched.instances.map(({ id }) => id)
    known.made = { ids, until: context.clock.now() + context.provider.limits.consistencyMs }
    return ids.length === 0 || (await areListed(context, known.made, after))
  } catch (error) {
    if (!isPassing(error)) known.isUnqueryable = true
    return false
  }
}

/** The instances are terminated, or lists can no longer miss them. */
async function areListed(
  { provider, calls }: TrackerContext,
  { ids, until }: { readonly ids: readonly string[]; readonly until: number },
  { begun, gone }: Observation,
): Promise<boolean> {
  const missing = ids.filter((id) => !gone.has(id))
  if (begun >= until || missing.length === 0) return true
  try {
    const found = await provider.list({ ids: missing }, calls)
    const ended = new Set(found.filter(({ state }) => isTerminated(provider, state)).map(({ id }) => id))
    return missing.every((id) => ended.has(id))
  } catch (error) {
    if (isPassing(error)) return false
    throw error
  }
}

/** A state without a way back and without a bill. */
export function isTerminated({ limits }: Provider, state: InstanceState): boolean {
  return state === "terminated" || limits.goneStates.includes(state)
}

export function isPassing(error: unknown): boolean {
  return error instanceof TransientError || error instanceof ThrottledError
}
