/** What an answer says something about: the pool that was asked, or more. Pure. */
import type { Scope } from "../../../src/provider.js"
import { type Pool, scopeOf as cloudScope } from "../../../src/tables/scopes.js"
import { REGIONAL } from "./ids.js"

/** Widest last. `asked`: the size in the zone that was asked for, or the size where no zone was. */
export type ScopeKind = "pool" | "type-in-zone" | "asked" | "family" | "market" | "region"

/** A partial offer as wide as the refusal; without a pool that was asked, the region. */
export function scopeOf(
  kind: ScopeKind | undefined,
  { offer, location }: { readonly offer?: Pool; readonly location: string },
): Scope {
  const all = { provider: "azure", region: location }
  if (kind === "asked") return cloudScope(all, offer?.zone === REGIONAL ? "type" : "type-in-zone", offer)
  // Spot vCPUs of all families count against one quota of their own.
  return cloudScope(all, kind === "family" && offer?.market === "spot" ? "market" : kind, offer)
}

/** "Standard_D4s_v5 (spot, zone 2) in westeurope" */
export function poolText({ instanceType, market, zone }: Omit<Pool, "family">, location: string): string {
  return `${instanceType} (${market}, ${zone === REGIONAL ? "no zone" : `zone ${zone}`}) in ${location}`
}
