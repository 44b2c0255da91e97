/** From a wish to bulkInsert requests. Pure. */
import { launchTags } from "../../../src/fleet/tags.js"
import type { JsonObject, LaunchCall, Offer, Prepared, Wish } from "../../../src/provider.js"
import { diskTypeOf, takesLocalSsds } from "../offers/families.js"
import { LAUNCH_BATCH } from "../limits.js"
import { hexOf, instanceName } from "../client/ids/names.js"
import { seriesOf } from "../client/refusals/series.js"
import type { Blueprint } from "../prepare/blueprint.js"
import { disksOf, sharedProperties } from "./bodies.js"

interface Part {
  /** One: a request to its zone. Several: a request to the region, which chooses among them. */
  readonly offers: readonly Offer[]
  readonly count: number
  readonly index: number
}

/**
 * So many of the best types in one request: no most is documented, and each further one is dearer than those before it.
 */
const MOST_TYPES = 10

/**
 * As few requests as their size and the zones allow. One type is asked of each zone by itself: such a request can be sent
 * again for ever, because its names are taken. Several types, in one zone or more, are asked of the region in one request,
 * which knows where there is room.
 */
export function split(wish: Wish, prepared: Prepared): readonly LaunchCall[] {
  const blueprint = prepared.body as unknown as Blueprint
  return partsOf(wish, blueprint).map((part) => launchCall(wish, blueprint, part))
}

function partsOf({ offers, count, spread }: Wish, blueprint: Blueprint): readonly Part[] {
  const best = bestTypes(spread === "one-zone" ? offers.filter(({ zone }) => zone === offers[0]?.zone) : offers)
  const pools = isFlexible(best, blueprint)
    ? [best]
    : bestOfZones(best)
        .slice(0, count)
        .map((offer) => [offer])
  if (pools.length === 0 || count <= 0) return []
  const calls = pools.length * Math.ceil(count / pools.length / LAUNCH_BATCH)
  return Array.from({ length: calls }, (_, index) => ({
    offers: pools[index % pools.length] ?? [],
    index,
    count: Math.floor(count / calls) + (index < count % calls ? 1 : 0),
  }))
}

function bestTypes(offers: readonly Offer[]): readonly Offer[] {
  const types = new Set([...new Set(offers.map(({ instanceType }) => instanceType))].slice(0, MOST_TYPES))
  return offers.filter(({ instanceType }) => types.has(instanceType))
}

/** Several types. Accelerators are the same for all types of a request, and fit only N1. */
function isFlexible(offers: readonly Offer[], { accelerator }: Blueprint): boolean {
  const types = new Set(offers.map(({ instanceType }) => instanceType))
  const isAttached = accelerator !== undefined && offers.some(({ instanceType }) => seriesOf(instanceType) === "n1")
  return types.size > 1 && !isAttached
}

function bestOfZones(offers: readonly Offer[]): readonly Offer[] {
  const zones = new Map<string, Offer>()
  for (const offer of offers) if (!zones.has(offer.zone)) zones.set(offer.zone, offer)
  return [...zones.values()]
}

function launchCall(wish: Wish, blueprint: Blueprint, { offers, count, index }: Part): LaunchCall {
  const identity = `${wish.uid}/${wish.id}/${index}`
  const token = hexOf(identity, 32)
  const labels = { ...blueprint.labels, ...launchTags(blueprint.owner, wish.group, token) }
  const stem = `${blueprint.owner.cluster}-${wish.group}`
  const names = Array.from({ length: count }, (_, nth) => instanceName(stem, `${identity}/${nth}`))
  const isZonal = offers.length === 1
  return {
    api: isZonal ? "instances.bulkInsert" : "regionInstances.bulkInsert",
    ...(isZonal && offers[0] !== undefined ? { zone: offers[0].zone } : {}),
    group: wish.group,
    offers,
    count,
    token,
    names,
    body: {
      count: String(count),
      // Without it all or nothing: what was made would be deleted again for the last one that was not to be had.
      minCount: "1",
      perInstanceProperties: Object.fromEntries(names.map((name) => [name, {}])),
      ...(isZonal ? zonal(blueprint, offers, labels) : regional(blueprint, offers, labels)),
    },
    cost: { writes: 1, bulk: 1, creating: count },
  }
}

function zonal(blueprint: Blueprint, offers: readonly Offer[], labels: Readonly<Record<string, string>>): JsonObject {
  const [offer] = offers
  if (offer === undefined) return {}
  const machine = { machineType: offer.instanceType, disks: disksOf(blueprint, offer, labels) }
  return { instanceProperties: { ...sharedProperties(blueprint, offers, labels), ...machine } }
}

/**
 * "About instance flexibility for bulk VMs": lower ranks first. Where several zones may be used they are to be as even as there
 * is room ("BALANCED: ... as evenly as possible across allowed zones"); ANY would rather fill one that has reservations.
 */
function regional(
  blueprint: Blueprint,
  offers: readonly Offer[],
  labels: Readonly<Record<string, string>>,
): JsonObject {
  const types = new Map<string, Offer>()
  for (const offer of offers) if (!types.has(offer.instanceType)) types.set(offer.instanceType, offer)
  const isOneDisk = new Set([...types.values()].map((offer) => diskKeyOf(blueprint, offer))).size === 1
  const [first] = offers
  const zones = zonesIn(offers)
  const selections = [...types.values()].map((offer, rank) => [
    offer.instanceType,
    {
      rank: String(rank),
      machineTypes: [offer.instanceType],
      ...(isOneDisk ? {} : { disks: disksOf(blueprint, offer, labels) }),
    },
  ])
  return {
    instanceProperties: {
      ...sharedProperties(blueprint, offers, labels),
      ...(isOneDisk && first !== undefined ? { disks: disksOf(blueprint, first, labels) } : {}),
    },
    instanceFlexibilityPolicy: { instanceSelections: Object.fromEntries(selections) as JsonObject },
    locationPolicy: {
      targetShape: zones.length === 1 ? "ANY_SINGLE_ZONE" : "BALANCED",
      zones: zones.map((zone) => ({ zone: `zones/${zone}` })),
    },
  }
}

/** The zones that a request may use. */
export function zonesIn(offers: readonly Offer[]): readonly string[] {
  return [...new Set(offers.map(({ zone }) => zone))]
}

function diskKeyOf({ disk, localSsds }: Blueprint, { instanceType, localDiskGiB }: Offer): string {
  const isAttached = localSsds > 0 && localDiskGiB !== undefined && takesLocalSsds(instanceType)
  return `${disk.type ?? diskTypeOf(instanceType)}/${isAttached}`
}
