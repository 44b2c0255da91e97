/** What an answer of EC2 is about: the offer that was asked, or more. Pure. */
import type { Offer, Scope } from "../../../src/provider.js"
import { scopeOf as cloudScope, type ScopeKind } from "../../../src/tables/scopes.js"

/** A partial offer as wide as the kind; without an offer that was asked, the region. */
export function scopeOf(
  kind: ScopeKind,
  { offer, region }: { readonly offer?: Offer; readonly region: string },
): Scope {
  return cloudScope({ provider: "aws", region }, kind, offer)
}
