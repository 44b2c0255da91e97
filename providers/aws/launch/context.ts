/** What a launch is called in messages, and what its answers are read with. Pure. */
import type { LaunchCall, Offer } from "../../../src/provider.js"
import type { Doing } from "../client/answers.js"
import type { Send } from "../client/send.js"

/** What every launch is sent and read with. */
export interface LaunchMeans {
  readonly send: Send
  readonly region: string
  /** The security groups that the user has named. */
  readonly namedGroups: readonly string[]
}

/** "launching 8 × m7i.large (on-demand, eu-west-1a)", "launching 800 × one of 20 types (spot, 4 zones)" */
export function launchWords({ count, offers, zone }: LaunchCall): string {
  const types = [...new Set(offers.map(({ instanceType }) => instanceType))]
  const zones = new Set(offers.map((offer) => offer.zone))
  const what = types.length > 1 ? `one of ${types.length} types` : (types[0] ?? "instances")
  const where = zone ?? (zones.size > 1 ? `${zones.size} zones` : "any zone")
  return `launching ${count} × ${what} (${offers[0]?.market ?? "on-demand"}, ${where})`
}

/** @param offer the pool that an answer is about; the best one that was asked when left out. */
export function doingOf(
  { region, namedGroups }: Omit<LaunchMeans, "send">,
  call: LaunchCall,
  offer: Offer | undefined = call.offers[0],
): Doing {
  const doing = { what: launchWords(call), region, token: call.token, namedGroups }
  return offer === undefined ? doing : { ...doing, offer }
}
