/** A wish as RunInstances requests: each of one type in one zone. Pure. */
import { merge } from "../../../src/input/merge.js"
import type { JsonObject, LaunchCall, Offer } from "../../../src/provider.js"
import { addressIn, launchBody } from "../prepare/launch-data.js"
import { LAUNCH_BATCH } from "../limits.js"
import { type Splitting, subnetChooser, tagsOf } from "./bodies.js"
import type { Subnet } from "../offers/subnets.js"

/** As few requests as batch size and zones allow, of even size; several zones get them in turn, each for its best offer. */
export function runCalls(splitting: Splitting): readonly LaunchCall[] {
  const { wish, blueprint, pools, room } = splitting
  const best = bestOfZones(pools).slice(0, wish.count)
  const calls = Math.max(best.length, Math.ceil(wish.count / LAUNCH_BATCH))
  const subnetOf = subnetChooser(blueprint.subnets, room.launches)
  return Array.from({ length: calls }, (_, index) => {
    const offer = best[index % best.length] as Offer
    const count = Math.floor(wish.count / calls) + (index < wish.count % calls ? 1 : 0)
    return launchCall(splitting, { offer, index, count, subnet: subnetOf(offer.zone, count) })
  })
}

function bestOfZones(offers: readonly Offer[]): readonly Offer[] {
  const zones = new Map<string, Offer>()
  for (const offer of offers) if (!zones.has(offer.zone)) zones.set(offer.zone, offer)
  return [...zones.values()]
}

interface Part {
  readonly offer: Offer
  readonly count: number
  readonly index: number
  readonly subnet: Subnet | undefined
}

function launchCall({ wish, blueprint, tokenOf }: Splitting, { offer, count, index, subnet }: Part): LaunchCall {
  const token = tokenOf(index)
  const Tags = tagsOf(blueprint, wish, token)
  const kinds = [
    "instance",
    "volume",
    "network-interface",
    ...(wish.market === "spot" ? ["spot-instances-request"] : []),
  ]
  const common = launchBody(blueprint, offer.arch, addressIn(blueprint, subnet))
  const input = {
    ClientToken: token,
    InstanceType: offer.instanceType,
    MinCount: 1,
    MaxCount: count,
    TagSpecifications: kinds.map((ResourceType) => ({ ResourceType, Tags })),
    ...placed(common, offer, subnet, placementOf(blueprint.options)),
    ...marketOf(wish.market, blueprint),
  } as JsonObject
  return {
    api: "RunInstances",
    zone: offer.zone,
    group: wish.group,
    offers: [offer],
    count,
    token,
    body: merge(input, blueprint.overrides),
    cost: { RunInstances: 1, "RunInstances.resources": count },
  }
}

function placementOf({ placementGroup, tenancy }: Splitting["blueprint"]["options"]): JsonObject {
  return {
    ...(placementGroup === undefined ? {} : { GroupName: placementGroup }),
    ...(tenancy === undefined ? {} : { Tenancy: tenancy }),
  }
}

/** A token is bound to its zone, so the zone is always named: the same token in another zone would launch again. */
function placed(common: JsonObject, offer: Offer, subnet: Subnet | undefined, placement: JsonObject): JsonObject {
  const extra = Object.keys(placement).length === 0 ? {} : { Placement: placement }
  if (subnet === undefined) return { ...common, Placement: { AvailabilityZone: offer.zone, ...placement } }
  const [nic] = (common.NetworkInterfaces ?? []) as readonly JsonObject[]
  if (nic === undefined) return { ...common, ...extra, SubnetId: subnet.id }
  return { ...common, ...extra, NetworkInterfaces: [{ ...nic, SubnetId: subnet.id }] }
}

/** Spot of this kind must be one-time: a persistent request would launch again what we end. */
function marketOf(market: string, { options }: Splitting["blueprint"]): JsonObject {
  const { reservation, maxSpotPrice } = options
  if (market === "spot") {
    const price = maxSpotPrice === undefined ? {} : { MaxPrice: String(maxSpotPrice) }
    const SpotOptions = { SpotInstanceType: "one-time", InstanceInterruptionBehavior: "terminate", ...price }
    return { InstanceMarketOptions: { MarketType: "spot", SpotOptions } }
  }
  if (reservation === undefined) return {}
  const target = { CapacityReservationTarget: { CapacityReservationId: reservation.id } }
  const block = reservation.kind === "capacity-block" ? { InstanceMarketOptions: { MarketType: "capacity-block" } } : {}
  return { CapacityReservationSpecification: target, ...block }
}
