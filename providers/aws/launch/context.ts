/** What every launch is sent with, and how messages describe one. Pure. */
import type { LaunchCall, Offer } from "../../../src/provider.js"
import type { RequestContext } from "../client/answers.js"
import type { Send } from "../client/send.js"

/** What every launch is sent with, and its answer is read with. */
export interface LaunchContext {
  readonly send: Send
  readonly region: string
  /** The security groups that the user has named. */
  readonly namedGroups: readonly string[]
}

/** "launching 8 × m7i.large (on-demand, eu-west-1a)", "launching 800 × one of 20 types (spot, 4 zones)" */
export function describeLaunch({ count, offers, zone }: LaunchCall): string {
  const types = [...new Set(offers.map(({ instanceType }) => instanceType))]
  const zones = new Set(offers.map((offer) => offer.zone))
  const what = types.length > 1 ? `one of ${types.length} types` : (types[0] ?? "instances")
  const where = zone ?? (zones.size > 1 ? `${zones.size} zones` : "any zone")
  return `launching ${count} × ${what} (${offers[0]?.market ?? "on-demand"}, ${where})`
}

/** @param offer the pool that an answer is about; by default the best one that the call names. */
export function contextOf(
  { region, namedGroups }: Omit<LaunchContext, "send">,
  call: LaunchCall,
  offer: Offer | undefined = call.offers[0],
): RequestContext {
  const fields = { what: describeLaunch(call), region, token: call.token, namedGroups }
  return offer === undefined ? fields : { ...fields, offer }
}
