/** A wish as CreateFleet requests of type instant: each of many pools. Pure. */
import type { JsonObject, LaunchCall, Offer } from "../../../src/provider.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { addressIn } from "../prepare/launch-data.js"
import { type Splitting, subnetChooser, tagsOf } from "./bodies.js"
import { FLEET_BATCH, LAUNCH_BATCH } from "../limits.js"
import type { Subnet } from "../offers/subnets.js"
import { templateOf } from "../prepare/templates.js"

/** The body of such a call: the fleet, and the templates it names, for when EC2 does not have them. */
export type FleetBody = {
  readonly fleet: JsonObject
  readonly templates: readonly JsonObject[]
}

/** "Payload too large" is met somewhere above; 300 is what the other kinds of fleet may name ("EC2 Fleet quotas"). */
const MOST_POOLS = 300

/** On demand each zone gets its own fleets; spot goes where the capacity is, over all zones at once. */
export function fleetCalls(splitting: Splitting): readonly LaunchCall[] {
  const { wish, pools } = splitting
  const zones = [...new Set(pools.map(({ zone }) => zone))].slice(0, wish.count)
  const places = wish.market === "spot" ? [pools] : zones.map((zone) => pools.filter((offer) => offer.zone === zone))
  const shares = places.map(
    (_, index) => Math.floor(wish.count / places.length) + (index < wish.count % places.length ? 1 : 0),
  )
  const parts = sized(splitting, shares).map(({ place, count }) => ({ offers: places[place] ?? [], count }))
  const subnetOf = subnetChooser(splitting.blueprint.subnets, splitting.room.launches)
  return parts.map(({ offers, count }, index) =>
    fleetCall(splitting, { offers: offers.slice(0, MOST_POOLS), count, subnetOf }, index),
  )
}

interface Share {
  readonly place: number
  readonly count: number
}

/**
 * A thousand at a time. Where fleets consume RunInstances' limit of instances, as many as it has now go out at once, and the
 * rest in the smaller batches that its refill lets through one after the other.
 */
function sized({ room, blueprint }: Splitting, shares: readonly number[]): readonly Share[] {
  const isShared = blueprint.options.fleetRate !== "separate"
  let level = isShared ? Math.floor(room.levels["RunInstances.resources"] ?? FLEET_BATCH) : Number.POSITIVE_INFINITY
  return shares.flatMap((share, place) => {
    const batches: Share[] = []
    for (let left = share; left > 0; ) {
      const count = level > 0 ? Math.min(left, FLEET_BATCH, level) : Math.min(left, LAUNCH_BATCH)
      batches.push({ place, count })
      level -= count
      left -= count
    }
    return batches
  })
}

interface Part {
  readonly offers: readonly Offer[]
  readonly count: number
  readonly subnetOf: (zone: string, count: number) => Subnet | undefined
}

function fleetCall(splitting: Splitting, { offers, count, subnetOf }: Part, index: number): LaunchCall {
  const { wish, blueprint, tokenOf } = splitting
  const token = tokenOf(index)
  const Tags = tagsOf(blueprint, wish, token)
  // One subnet for each zone: two of the same zone cannot be in one fleet.
  const subnets = new Map([...new Set(offers.map(({ zone }) => zone))].map((zone) => [zone, subnetOf(zone, count)]))
  const ranked = offers.map((offer, priority) => ({ offer, priority, subnet: subnets.get(offer.zone) }))
  const kinds = new Map<boolean | undefined, typeof ranked>()
  for (const pool of ranked) {
    const address = addressIn(blueprint, pool.subnet)
    kinds.set(address, [...(kinds.get(address) ?? []), pool])
  }
  const templates = [...kinds.keys()].map((address) =>
    templateOf(blueprint, { arch: wish.arch, address, market: wish.market }),
  )
  const fleet = {
    ClientToken: token,
    Type: "instant",
    LaunchTemplateConfigs: [...kinds.values()].map((pools, at) => ({
      // Pinned: what a name's newest version says could change between two calls of one burst.
      LaunchTemplateSpecification: { LaunchTemplateName: templates[at]?.LaunchTemplateName ?? "", Version: "1" },
      Overrides: pools.map(({ offer, priority, subnet }) => override(blueprint, offer, priority, subnet)),
    })),
    TargetCapacitySpecification: { TotalTargetCapacity: count, DefaultTargetCapacityType: wish.market },
    ...allocation(blueprint, wish.market),
    TagSpecifications: ["fleet", "instance", "volume", "network-interface"].map((ResourceType) => ({
      ResourceType,
      Tags,
    })),
  } as unknown as JsonObject
  const zones = [...subnets.keys()]
  const shared = blueprint.options.fleetRate === "separate" ? {} : { "RunInstances.resources": count }
  return {
    api: "CreateFleet",
    ...(zones.length === 1 && zones[0] !== undefined ? { zone: zones[0] } : {}),
    group: wish.group,
    offers,
    count,
    token,
    body: { fleet, templates },
    cost: { CreateFleet: 1, ...shared },
  }
}

/** The zone is named also where the subnet says it: errors of a fleet name what its override names. */
function override({ options }: Blueprint, offer: Offer, priority: number, subnet: Subnet | undefined): JsonObject {
  const { maxSpotPrice, placementGroup, tenancy } = options
  const placement = {
    ...(placementGroup === undefined ? {} : { GroupName: placementGroup }),
    ...(tenancy === undefined ? {} : { Tenancy: tenancy }),
  }
  return {
    InstanceType: offer.instanceType,
    // A place that is called by its subnet has no zone's name.
    ...(offer.zone.startsWith("subnet-") ? {} : { AvailabilityZone: offer.zone }),
    ...(subnet === undefined ? {} : { SubnetId: subnet.id }),
    ...(offer.market === "on-demand" ? { Priority: priority } : {}),
    ...(offer.market === "spot" && maxSpotPrice !== undefined ? { MaxPrice: String(maxSpotPrice) } : {}),
    ...(Object.keys(placement).length === 0 ? {} : { Placement: placement }),
  }
}

/** EC2's own default for spot is the lowest price, which it discourages: those pools are emptied first. */
function allocation({ options }: Blueprint, market: string): JsonObject {
  if (market === "spot") {
    const AllocationStrategy = options.spotAllocation ?? "price-capacity-optimized"
    return { SpotOptions: { AllocationStrategy, InstanceInterruptionBehavior: "terminate" } }
  }
  return { OnDemandOptions: { AllocationStrategy: options.onDemandAllocation ?? "prioritized" } }
}
