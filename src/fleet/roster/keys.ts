/** Keys: the identities of places, zones and instances. */
import type { Offer, Provider } from "../../provider.js"

/** A provider in a region. */
export function placeKey({ provider, region }: Pick<Offer, "provider" | "region">): string {
  return `${provider}/${region}`
}

/** Zones of different clouds and regions may have the same name. */
export function zoneKey({ provider, region, zone }: Pick<Offer, "provider" | "region" | "zone">): string {
  return `${provider}/${region}/${zone}`
}

export function keyOfPlace({ name, region }: Provider): string {
  return placeKey({ provider: name, region })
}

export function placeOf({ name, region }: Provider): string {
  return `${name} ${region}`
}
