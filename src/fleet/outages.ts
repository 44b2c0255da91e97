/** Outages: a provider of several that cannot be used for a group now. The others go on; only when all fail the group stops. */
import { within } from "../calls/within.js"
import { BudgetError, isFinal, JournalError, MusterError, OwnershipError, TransientError } from "../errors.js"
import type { Provider } from "../provider.js"
import type { Fleet, GroupState } from "./context.js"
import { placeKey } from "./planning/rank.js"
import type { Unavailable } from "./unavailable.js"

/** After a failure that may pass: its requests were retried before that. */
const OUTAGE_MS = 60_000

/** The code of a provider that does not answer in time: nothing that a cloud reports. */
const LATE = "NoAnswer"

export interface Outage {
  readonly error: Error
  /** When it will be tried again, in milliseconds since 1970; Infinity: with the next `scale`. */
  readonly until: number
}

export function keyOfPlace({ name, region }: Provider): string {
  return placeKey({ provider: name, region })
}

/** Takes a provider out of a group's plans: for a minute, or until the next `scale` when trying again cannot help. */
export function bench(fleet: Fleet, state: GroupState, provider: Provider, thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new MusterError(String(thrown))
  const isPassing = error instanceof MusterError && !isFinal(error)
  const now = fleet.clock.now()
  state.outages.set(keyOfPlace(provider), { error, until: isPassing ? now + OUTAGE_MS : Number.POSITIVE_INFINITY })
  fleet.emit({ type: "problem", group: state.group.name, error: error.name, message: error.message })
  const isOurs = error instanceof OwnershipError || error instanceof JournalError || error instanceof BudgetError
  if (isOurs || fleet.providers.every((other) => isOut(state, other, now))) state.problem ??= error
  if (error instanceof OwnershipError) fleet.disown(error)
}

/**
 * Waits for a provider, but where there are others no longer than `patienceMs`: what it does goes on, and the others are used.
 *
 * @throws TransientError when it takes longer.
 */
export function whileOthersWait<T>(fleet: Fleet, work: Promise<T>, doing: string, patienceMs: number): Promise<T> {
  if (fleet.providers.length === 1) return work
  const message = `${doing}: no answer within ${patienceMs / 1000} s; others are used meanwhile`
  return within(fleet.clock, work, patienceMs, () => new TransientError(message, { code: LATE }))
}

export function isLate(error: unknown): boolean {
  return error instanceof TransientError && error.code === LATE
}

export function isOut(state: GroupState, provider: Provider, now: number): boolean {
  return (state.outages.get(keyOfPlace(provider))?.until ?? 0) > now
}

/** What the outages bar, in the words of the memory of what is unavailable. */
export function barredByOutages(fleet: Fleet, state: GroupState): Unavailable[] {
  const now = fleet.clock.now()
  return fleet.providers.flatMap((provider) => {
    const { name, region } = provider
    const outage = state.outages.get(keyOfPlace(provider))
    if (outage === undefined || outage.until <= now) return []
    const { error, until } = outage
    const scope = { provider: name, region }
    const words = error instanceof MusterError ? error : new MusterError(error.message, { code: error.name })
    const { code, message, requestId } = words
    const said = { code, message, ...(requestId === undefined ? {} : { requestId }) }
    return [{ scope, until, failure: { reason: "error", count: 0, scope, ttlMs: until - now, ...said } } as const]
  })
}
