/** From a wish to launch calls. Pure. */
import { createHash } from "node:crypto"
import type { LaunchCall, Offer, Prepared, Wish } from "../../../src/provider.js"

/** Instances in one call: a call that long takes well under a second, far from its attempt's limit. */
export const INSTANCES_PER_CALL = 25

export const LAUNCH_API = "local.launch"

/** Calls for the best offer, or with `spread: "zones"` for the best of each zone in turn. */
export function splitWish(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  return shares(wish)
    .flatMap(({ offer, count }) => portions(count).map((portion) => ({ offer, count: portion })))
    .map(({ offer, count }, index) => callOf(wish, prepared, offer, count, index))
}

function shares(wish: Wish): readonly { readonly offer: Offer; readonly count: number }[] {
  const best = new Map<string, Offer>()
  for (const offer of wish.offers) if (!best.has(offer.zone)) best.set(offer.zone, offer)
  const offers = wish.spread === "zones" ? [...best.values()] : [...best.values()].slice(0, 1)
  const [each, extra] = [Math.floor(wish.count / offers.length), wish.count % offers.length]
  return offers.map((offer, index) => ({ offer, count: each + (index < extra ? 1 : 0) }))
}

function portions(count: number): readonly number[] {
  const full = Array.from({ length: Math.floor(count / INSTANCES_PER_CALL) }, () => INSTANCES_PER_CALL)
  return count % INSTANCES_PER_CALL === 0 ? full : [...full, count % INSTANCES_PER_CALL]
}

function callOf(wish: Wish, prepared: Prepared, offer: Offer, count: number, index: number): LaunchCall {
  const token = digest(`${wish.uid}\n${wish.id}\n${index}`).slice(0, 32)
  return {
    api: LAUNCH_API,
    zone: offer.zone,
    group: wish.group,
    offers: [offer],
    count,
    token,
    names: Array.from({ length: count }, (_, at) => `${wish.group}-${digest(`${token}\n${at}`).slice(0, 8)}`),
    body: prepared.body,
    cost: {},
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}
