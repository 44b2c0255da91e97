/** Outages: a provider of several that cannot be used for a group now. The others go on; only when all fail the group stops. */
import { keyOfPlace } from "../roster/keys.js"
import { yieldToDelete } from "../targets/ended-elsewhere.js"
import { withDeadline } from "../../calls/deadline.js"
import { BudgetError, isFinal, JournalError, MusterError, OwnershipError, TransientError } from "../../errors.js"
import type { Provider } from "../../provider.js"
import type { Fleet } from "../state/context.js"
import type { GroupState } from "../state/group-state.js"
import { pauseMs } from "../state/pauses.js"
import type { Unavailable } from "../unavailable.js"

/** The longest pause after a failure that may pass: its requests were retried before that. */
const OUTAGE_MS = 60_000

/** A failure that may pass, and has not for so long, ends a group that has nowhere else to go. */
const PATIENCE_MS = 2 * 60_000

/** The code of a provider that does not answer in time: nothing that a cloud reports. */
const LATE = "NoAnswer"

/** Takes a provider out of a group's plans: for a pause that grows, or until the next `scale` when trying again cannot help. */
export function suspend(fleet: Fleet, state: GroupState, provider: Provider, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new MusterError(String(thrown))
  if (error instanceof OwnershipError && error.gone && yieldToDelete(fleet, state.group.name, error)) return
  const now = fleet.clock.now()
  const key = keyOfPlace(provider)
  const { since = now, tries: before = 0 } = state.outages.get(key) ?? {}
  const tries = before + 1
  // Other providers are used meanwhile; a single provider is asked again soon.
  const pause = fleet.providers.length > 1 ? OUTAGE_MS : Math.min(pauseMs(tries), OUTAGE_MS)
  const until = mayPass(error) ? now + pause : Number.POSITIVE_INFINITY
  state.outages.set(key, { error, until, since, tries })
  fleet.emit({ type: "problem", group: state.group.name, error: error.name, message: error.message })
  const isOurs = error instanceof OwnershipError || error instanceof JournalError || error instanceof BudgetError
  const isOver = fleet.providers.every((other) => isSuspended(state, other, now)) && !isAwaited(state, now)
  if (isOurs || isOver) state.problem ??= error
  if (error instanceof OwnershipError) fleet.disown(error)
}

function mayPass(error: Error): boolean {
  return error instanceof MusterError && !isFinal(error)
}

/** A provider fails in a way that may pass, and not yet for long: nothing is out of reach because of it. */
export function isAwaited({ outages }: GroupState, now: number): boolean {
  return [...outages.values()].some(({ error, since }) => mayPass(error) && now - since < PATIENCE_MS)
}

/** The provider works again. */
export function resume(state: GroupState, provider: Provider): void {
  state.outages.delete(keyOfPlace(provider))
}

/**
 * Waits for a provider, but where there are others no longer than `patienceMs`: what it does goes on, and the others are used.
 *
 * @throws TransientError when it takes longer.
 */
export function awaitUnlessOthers<T>(fleet: Fleet, work: Promise<T>, doing: string, patienceMs: number): Promise<T> {
  if (fleet.providers.length === 1) return work
  const message = `${doing}: no answer within ${patienceMs / 1000} s; others are used meanwhile`
  return withDeadline(fleet.clock, work, patienceMs, () => new TransientError(message, { code: LATE }))
}

export function isLate(error: unknown): boolean {
  return error instanceof TransientError && error.code === LATE
}

export function isSuspended(state: GroupState, provider: Provider, now: number): boolean {
  return (state.outages.get(keyOfPlace(provider))?.until ?? 0) > now
}

/** The outages as entries of the memory of unavailable scopes. */
export function barredByOutages(fleet: Fleet, state: GroupState): Unavailable[] {
  const now = fleet.clock.now()
  return fleet.providers.flatMap((provider) => {
    const { name, region } = provider
    const outage = state.outages.get(keyOfPlace(provider))
    if (outage === undefined || outage.until <= now) return []
    const { error, until } = outage
    const scope = { provider: name, region }
    const source = error instanceof MusterError ? error : new MusterError(error.message, { code: error.name })
    const { code, message, requestId } = source
    const details = { code, message, ...(requestId === undefined ? {} : { requestId }) }
    return [{ scope, until, failure: { reason: "error", count: 0, scope, ttlMs: until - now, ...details } } as const]
  })
}
