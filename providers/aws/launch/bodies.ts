/** What both kinds of launch calls are made of: the pools, the tags, and the subnet of each call. Pure. */
import type { Blueprint } from "../prepare/blueprint.js"
import type { Offer, Room, Wish } from "../../../src/provider.js"
import { type Subnet, placeOf } from "../offers/subnets.js"
import { TAG, launchTags } from "../../../src/fleet/tags.js"
import { type TagList, tagList } from "../prepare/tags.js"

/** The tags of one launch; with them inside the creation there is no instance without. */
export function tagsOf(blueprint: Blueprint, wish: Wish, token: string): TagList {
  const spec = blueprint.spec === undefined ? {} : { [TAG.spec]: blueprint.spec }
  return tagList({ ...blueprint.tags, ...launchTags(blueprint.owner, wish.group, token), ...spec })
}

/** What the two ways of launching are given. */
export interface Splitting {
  readonly wish: Wish
  readonly blueprint: Blueprint
  /** The offers that may be used, best first: of one zone, or of all. */
  readonly pools: readonly Offer[]
  readonly room: Room
  readonly tokenOf: (index: number) => string
}

/**
 * Of a zone's subnets the one with most free addresses, less those that launches under way will take: EC2's own count lags.
 * A launch over several zones may take all of its addresses in any of them.
 */
export function subnetChooser(
  subnets: readonly Subnet[],
  launches: readonly { readonly zone?: string; readonly count: number }[],
): (zone: string, count: number) => Subnet | undefined {
  const assigned = new Map<string, number>()
  const left = ({ id, free = 0 }: Subnet) => free - (assigned.get(id) ?? 0)
  const choose = (zone: string, count: number) => {
    const fitting = subnets.filter((subnet) => subnets.length === 1 || placeOf(subnet) === zone)
    const most = fitting.reduce<Subnet | undefined>(
      (best, subnet) => (best === undefined || left(subnet) > left(best) ? subnet : best),
      undefined,
    )
    if (most !== undefined) assigned.set(most.id, (assigned.get(most.id) ?? 0) + count)
    return most
  }
  const places = [...new Set(subnets.map(placeOf))]
  for (const { zone, count } of launches) for (const place of zone === undefined ? places : [zone]) choose(place, count)
  return choose
}
