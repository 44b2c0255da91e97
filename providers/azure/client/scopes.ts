/** What an answer says something about: the pool that was asked, or more. Pure. */
import type { Offer, Scope } from "../../../src/provider.js"
import { REGIONAL } from "./ids.js"

/** Widest last. `asked`: the size in the zone that was asked for, or the size where no zone was. */
export type ScopeKind = "pool" | "type-in-zone" | "asked" | "family" | "market" | "region"

/** The part of an offer that refusals are about. */
export type Pool = Pick<Offer, "zone" | "instanceType" | "market" | "family">

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(
  kind: ScopeKind | undefined,
  { offer, location }: { readonly offer?: Pool; readonly location: string },
): Scope {
  const all = { provider: "azure", region: location }
  if (offer === undefined) return all
  const { zone, instanceType, market, family } = offer
  switch (kind) {
    case "pool":
      return { ...all, zone, instanceType, market }
    case "type-in-zone":
      return { ...all, zone, instanceType }
    case "asked":
      return zone === REGIONAL ? { ...all, instanceType } : { ...all, zone, instanceType }
    case "family":
      // Spot vCPUs of all families count against one quota of their own.
      return market === "spot" ? { ...all, market } : { ...all, family, market }
    case "market":
      return { ...all, market }
    case "region":
    case undefined:
      return all
  }
}

/** "Standard_D4s_v5 (spot, zone 2) in westeurope" */
export function poolText({ instanceType, market, zone }: Omit<Pool, "family">, location: string): string {
  return `${instanceType} (${market}, ${zone === REGIONAL ? "no zone" : `zone ${zone}`}) in ${location}`
}
