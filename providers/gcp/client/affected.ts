import type { Offer } from "../../../src/provider.js"
import type { Said } from "./details.js"

/** Those of the offers whose zone, type or series had no room, or was refused; else all of them. */
export function offersMeant(
  offers: readonly Offer[],
  { message, zone, instanceType, family }: Pick<Said, "message" | "zone" | "instanceType" | "family">,
): readonly Offer[] {
  // What Google says beside it, where there is room instead, is not what had none.
  const words = (message.split(/consider trying/i)[0] ?? "").split(/[^a-z0-9-]+/)
  const among = (left: readonly Offer[], isMeant: (offer: Offer) => boolean) => {
    const meant = left.filter(isMeant)
    return meant.length > 0 ? meant : left
  }
  const zoned = among(offers, (offer) => (zone === undefined ? words.includes(offer.zone) : offer.zone === zone))
  const typed = among(zoned, (offer) =>
    instanceType === undefined ? words.includes(offer.instanceType) : offer.instanceType === instanceType,
  )
  return among(typed, (offer) => offer.family === family)
}
