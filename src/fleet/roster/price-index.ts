/** Price index: what the offers that were asked for cost. */
import type { PriceOrigin } from "../../money/cost.js"
import type { Instance, Offer, Provider } from "../../provider.js"

/** What an offer costs, in USD. */
export interface Price {
  readonly perHour: number
  readonly from: PriceOrigin
}

/** The price of the offer that an instance came from. */
export function priceIndex(): {
  /** @param at when the cloud said so, in milliseconds since 1970. */
  recordPrices(offers: readonly Offer[], at: number): void
  priceOf(provider: Provider, instance: Instance): Price | undefined
} {
  const prices = new Map<string, Price>()
  const key = (parts: readonly string[]) => parts.join("/")
  return {
    recordPrices(offers, at) {
      for (const { provider, region, zone, instanceType, market, pricePerHour, priceSource } of offers) {
        if (pricePerHour === undefined) continue
        const from = { source: priceSource ?? `the offers of ${provider}`, at }
        prices.set(key([provider, region, zone, instanceType, market]), { perHour: pricePerHour, from })
      }
    },
    priceOf: (provider, instance) =>
      prices.get(key([provider.name, provider.region, instance.zone, instance.instanceType, instance.market])),
  }
}
