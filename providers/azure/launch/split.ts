/** From a wish to one PUT for each VM. Pure. */
import { createHash } from "node:crypto"
import { merge } from "../../../src/input/merge.js"
import type { LaunchCall, Offer, Prepared, Wish } from "../../../src/provider.js"
import { COSTS } from "../limits.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { vmName } from "../prepare/names.js"
import { type Shared, sharedParts, type VmBody, vmOf } from "./bodies.js"

/**
 * Each VM has its own name, size, zone and error. "one-zone" takes the best offer; "zones" takes the best of each zone in
 * turn, where "regional" is one of them if it is offered.
 */
export function split(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  const blueprint = prepared.body as Blueprint
  const offers = wish.spread === "one-zone" ? wish.offers.slice(0, 1) : bestOfZones(wish.offers)
  if (offers.length === 0) return []
  const shared = sharedParts(blueprint, wish)
  return Array.from({ length: wish.count }, (_, index) => {
    const offer = offers[index % offers.length] as Offer
    return launchCall(wish, blueprint, shared, { offer, index })
  })
}

function bestOfZones(offers: readonly Offer[]): readonly Offer[] {
  const zones = new Map<string, Offer>()
  for (const offer of offers) if (!zones.has(offer.zone)) zones.set(offer.zone, offer)
  return [...zones.values()]
}

function launchCall(
  wish: Wish,
  blueprint: Blueprint,
  shared: Shared,
  { offer, index }: { readonly offer: Offer; readonly index: number },
): LaunchCall {
  const token = createHash("sha256").update(`${wish.uid}/${wish.id}/${index}`).digest("hex").slice(0, 32)
  const name = vmName(wish.group, token)
  const body: VmBody = {
    group: blueprint.group,
    name,
    vm: merge(vmOf(wish, blueprint, shared, { offer, token, name }), blueprint.overrides),
  }
  return {
    api: "VirtualMachines_CreateOrUpdate",
    zone: offer.zone,
    group: wish.group,
    offers: [offer],
    count: 1,
    token,
    names: [name],
    body,
    cost: COSTS.VirtualMachines_CreateOrUpdate,
  }
}
