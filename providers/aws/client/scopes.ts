/** What an answer says something about: the offer that was asked, or more. Pure. */
import type { Offer, Scope } from "../../../src/provider.js"

/** Widest last: the pool, the type in the zone, the type, the zone, the quota family, the market, all. */
export type ScopeKind = "pool" | "type-in-zone" | "type" | "zone" | "family" | "market" | "region"

/** A partial offer as wide as the kind; without an offer that was asked, the region. */
export function scopeOf(
  kind: ScopeKind,
  { offer, region }: { readonly offer?: Offer; readonly region: string },
): Scope {
  const all = { provider: "aws", region }
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
      return all
  }
}
