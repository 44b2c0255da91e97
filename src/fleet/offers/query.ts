/** Query: what a group asks of those who sell. Pure. */
import type { OfferQuery } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { marketsOf } from "../planning/rank.js"
import { FILTERS } from "./nothing-fits.js"

export function queryOf(group: ResolvedGroup): OfferQuery {
  const filters = FILTERS.flatMap((key) => (group[key] === undefined ? [] : [[key, group[key]]]))
  const boots = group.image === undefined ? {} : { image: group.image }
  return { markets: marketsOf(group.market), boots, ...(Object.fromEntries(filters) as Partial<OfferQuery>) }
}
