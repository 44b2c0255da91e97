/** Whether an offer is what was asked for, or lies in a scope: the same answer for every cloud. Pure. */
import type { Gpu, Offer, OfferQuery, Range, Scope } from "./provider.js"

/** True when the offer has every property that the query names. What is not known of it does not fit a range. */
export function fits(offer: Offer, query: OfferQuery): boolean {
  return (
    query.markets.includes(offer.market) &&
    (query.zones === undefined || query.zones.includes(offer.zone)) &&
    (query.instanceTypes === undefined || query.instanceTypes.includes(offer.instanceType)) &&
    (query.arch === undefined || query.arch === offer.arch) &&
    within(offer.vcpus, query.vcpus) &&
    within(offer.memoryGiB, query.memoryGiB) &&
    within(offer.localDiskGiB ?? 0, query.localDiskGiB) &&
    gpuFits(offer.gpu, query.gpu)
  )
}

const SCOPE_FIELDS = ["provider", "region", "zone", "instanceType", "market", "family"] as const

/** Whether an offer lies in a scope: the fields that are given must match. */
export function inScope(offer: Scope, scope: Scope): boolean {
  return SCOPE_FIELDS.every((field) => scope[field] === undefined || scope[field] === offer[field])
}

/** Clouds differ in how they write a GPU's name, users too. */
function gpuFits(gpu: Gpu | undefined, asked: OfferQuery["gpu"]): boolean {
  if (asked === undefined) return true
  const isNamed = asked.name === undefined || asked.name.toLowerCase() === gpu?.name.toLowerCase()
  return gpu !== undefined && isNamed && gpu.count >= (asked.count ?? 1)
}

function within(value: number | undefined, range: Range | undefined): boolean {
  if (range === undefined) return true
  return value !== undefined && value >= (range.min ?? 0) && value <= (range.max ?? Number.POSITIVE_INFINITY)
}
