/** What a refusal is about: the offer that was asked for, or more than that. Pure. */
import type { Offer, Scope } from "../provider.js"

/** Widest last: the pool, the type in its zone, the type, the zone, the quota family, the market, the region. */
export type ScopeKind = "pool" | "type-in-zone" | "type" | "zone" | "family" | "market" | "region"

/** The parts of an offer that a scope can name. */
export type Pool = Pick<Offer, "zone" | "instanceType" | "market" | "family">

/**
 * A partial offer as wide as the refusal.
 *
 * @param all the provider and the region: the widest scope.
 * @param kind how much the refusal is about; the region when left out.
 * @param offer the offer that was asked for; without one the scope is the region.
 */
export function scopeOf(all: Scope, kind: ScopeKind | undefined, offer: Pool | undefined): Scope {
  if (offer === undefined) return all
  const { zone, instanceType, market, family } = offer
  switch (kind) {
    case "pool":
      return { ...all, zone, instanceType, market }
    case "type-in-zone":
      return { ...all, zone, instanceType }
    case "type":
      return { ...all, instanceType }
    case "zone":
      return { ...all, zone }
    case "family":
      return { ...all, family, market }
    case "market":
      return { ...all, market }
    case "region":
    case undefined:
      return all
  }
}
