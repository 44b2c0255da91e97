/** Head offers: what is sold for an engine's head. It boots the image, and runs the container, that its workers have. */
import type { OfferQuery } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import type { Known } from "../state/catalogue.js"
import type { Fleet } from "../state/context.js"
import { isHead, workerGroups } from "../state/engine/head.js"
import { queryOf } from "./query.js"

/** It is a head of which nobody has said what machine it is to be. */
export function followsWorkers(fleet: Fleet, { name, arch, instanceTypes }: ResolvedGroup): boolean {
  return isHead(fleet, name) && arch === undefined && instanceTypes === undefined
}

/**
 * Where all machines of the workers have one architecture, so has the head's.
 *
 * @param ask one provider. @throws what it throws.
 */
export async function offersForHead(
  fleet: Fleet,
  query: OfferQuery,
  ask: (query: OfferQuery) => Promise<Known>,
): Promise<Known> {
  const groups = workerGroups(fleet).flatMap(([, { group }]) => (group.isBare ? [] : [group]))
  const answers = await Promise.all(groups.map((group) => ask(queryOf(group))))
  const [arch, ...others] = new Set(answers.flatMap(({ offers }) => offers.map((offer) => offer.arch)))
  if (arch === undefined || others.length > 0) return ask(query)
  const known = await ask({ ...query, arch })
  return known.offers.length > 0 ? known : ask(query)
}
