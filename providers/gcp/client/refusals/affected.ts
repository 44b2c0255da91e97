import type { Offer } from "../../../../src/provider.js"
import type { ErrorDetails } from "./details.js"

/** The offers that a refusal affects: those whose zone, type or series it names; all of them where it names none. */
export function affectedOffers(
  offers: readonly Offer[],
  { message, zone, instanceType, family }: Pick<ErrorDetails, "message" | "zone" | "instanceType" | "family">,
): readonly Offer[] {
  // Google also suggests places that have room. These are not affected.
  const words = (message.split(/consider trying/i)[0] ?? "").split(/[^a-z0-9-]+/)
  const among = (left: readonly Offer[], isAffected: (offer: Offer) => boolean) => {
    const affected = left.filter(isAffected)
    return affected.length > 0 ? affected : left
  }
  const zoned = among(offers, (offer) => (zone === undefined ? words.includes(offer.zone) : offer.zone === zone))
  const typed = among(zoned, (offer) =>
    instanceType === undefined ? words.includes(offer.instanceType) : offer.instanceType === instanceType,
  )
  return among(typed, (offer) => offer.family === family)
}
