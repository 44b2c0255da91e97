/** Choose: the offers of the one type that a walk uses. */
import { CapacityError, MusterError } from "../../errors.js"
import type { Calls, Offer } from "../../provider.js"
import type { ResolvedGroup } from "../../spec/resolved.js"
import { estimateUsd, usdPerHour } from "../live/price.js"
import type { WalkSite } from "../live/site.js"

export type Choosing = Pick<WalkSite, "walk" | "provider" | "budgetUsd">

/**
 * Of all that is sold and boots the image the cheapest type, with all its offers whose price is known, the cheapest first. One that is sold on
 * every market goes before those that are not, unless the budget is not enough for it; of both architectures x86_64 goes first, because not
 * every cloud tells which of them an image is for.
 *
 * @throws CapacityError where nothing is sold; MusterError where no price is known.
 */
export async function chosenOffers(site: Choosing, group: ResolvedGroup, calls: Calls): Promise<readonly Offer[]> {
  const { provider, budgetUsd } = site
  const place = `${provider.name} ${provider.region}`
  const sold = await provider.offers(queryFor(site, group), calls)
  if (sold.length === 0) {
    const what = group.instanceTypes === undefined ? "that boots the image" : `of ${group.instanceTypes.join(", ")}`
    throw new CapacityError(`${place} sells nothing ${what}`, { code: "NothingSold", scope: {}, ttlMs: 0 })
  }
  const types = new Map<string, Offer[]>()
  for (const offer of sold) {
    if (usdPerHour(site, offer) === undefined) continue
    types.set(offer.instanceType, [...(types.get(offer.instanceType) ?? []), offer])
  }
  const choices = [...types.values()].map((offers) => choiceOf(site, offers)).sort(byMarketsAndPrice)
  const chosen = choices.find(({ most }) => most <= budgetUsd) ?? [...choices].sort((a, b) => a.most - b.most)[0]
  if (chosen === undefined) throw new MusterError(noPriceText(place, sold))
  return chosen.offers
}

/** The machine's own wishes are for bursts: of them only what a walk's machines must not differ in. */
function queryFor({ provider }: Choosing, { instanceTypes, image, arch, zones }: ResolvedGroup) {
  return {
    markets: provider.limits.markets,
    boots: image === undefined ? {} : { image },
    ...(instanceTypes === undefined ? {} : { instanceTypes }),
    ...(arch === undefined ? {} : { arch }),
    ...(zones === undefined ? {} : { zones }),
  }
}

interface Choice {
  readonly offers: readonly Offer[]
  readonly markets: number
  readonly isX86: boolean
  readonly likely: number
  readonly most: number
}

function choiceOf(site: Choosing, all: readonly Offer[]): Choice {
  // A walk's machines are of one architecture.
  const offers = all
    .filter(({ arch }) => arch === all[0]?.arch)
    .sort((a, b) => (a.pricePerHour ?? 0) - (b.pricePerHour ?? 0) || a.zone.localeCompare(b.zone))
  const priced = { ...site, offers }
  const [likely, most] = [estimateUsd(priced) ?? 0, estimateUsd(priced, "most") ?? 0]
  const isX86 = offers[0]?.arch === "x86_64"
  return { offers, markets: new Set(offers.map(({ market }) => market)).size, isX86, likely, most }
}

function byMarketsAndPrice(a: Choice, b: Choice): number {
  const byName = (a.offers[0]?.instanceType ?? "").localeCompare(b.offers[0]?.instanceType ?? "")
  return b.markets - a.markets || Number(b.isX86) - Number(a.isX86) || a.likely - b.likely || byName
}

function noPriceText(place: string, sold: readonly Offer[]): string {
  const [smallest] = [...sold].sort(
    (a, b) => (a.vcpus ?? 0) - (b.vcpus ?? 0) || (a.memoryGiB ?? 0) - (b.memoryGiB ?? 0),
  )
  const type = smallest?.instanceType ?? "TYPE"
  return `no price is known of what ${place} sells, and nothing is made whose price is not known; let prices be read (muster policy), or give the provider's option prices, for ${type} at least`
}
