/** The memory of unavailable offers: scopes, each until a moment. Pure; it is given `now`. */
import type { ShortfallReason } from "../errors.js"
import { inScope } from "../offer.js"
import type { Failure, Offer, Scope } from "../provider.js"

/** A failure in the words of a cloud, or of a provider that is out of order. */
export type FailureDetails = Omit<Failure, "reason"> & { readonly reason: ShortfallReason["reason"] }

export interface Unavailable {
  readonly scope: Scope
  /** Milliseconds since 1970. */
  readonly until: number
  readonly failure: FailureDetails
  /** How often in a row, where that is known. */
  readonly times?: number
}

/** Failures that say something about offers; a throttle or a timeout never does. */
export function concernsOffers(failure: Failure): boolean {
  return isShortage(failure) && failure.ttlMs > 0
}

/** Failures that offers elsewhere may not have. */
export function isShortage({ reason }: Failure): boolean {
  return reason === "capacity" || reason === "quota"
}

/** Adds a failure; one memory per scope, the later `until` wins. What has run out is dropped. */
export function remember(memory: readonly Unavailable[], failure: Failure, now: number): Unavailable[] {
  const current = memory.filter((entry) => entry.until > now)
  if (!concernsOffers(failure)) return current
  const key = scopeKey(failure.scope)
  const until = Math.max(now + failure.ttlMs, current.find((entry) => scopeKey(entry.scope) === key)?.until ?? 0)
  return [...current.filter((entry) => scopeKey(entry.scope) !== key), { scope: failure.scope, until, failure }]
}

/** The memory that forbids this offer now, the longest one; undefined when it may be tried. */
export function forbids(memory: readonly Unavailable[], offer: Offer, now: number): Unavailable | undefined {
  return memory
    .filter((entry) => entry.until > now && inScope(offer, entry.scope))
    .reduce<Unavailable | undefined>(
      (longest, entry) => (entry.until > (longest?.until ?? 0) ? entry : longest),
      undefined,
    )
}

/** The same text for the same scope, whatever the order of its fields. */
export function scopeKey(scope: Scope): string {
  return JSON.stringify(Object.entries(scope).sort(([a], [b]) => (a < b ? -1 : 1)))
}
