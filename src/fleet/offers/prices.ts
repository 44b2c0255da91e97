/** Prices of what was found: the tags name the types, the clouds' offers what they cost. */
import { type Fleet, fleetCalls } from "../state/context.js"

/** How long a caller waits for prices, in milliseconds. Later prices are recorded all the same. */
const PATIENCE_MS = 3000

/** Asks what the workers that were found cost; resolves when that is known, cannot be, or has taken too long. */
export async function pricesWithin(fleet: Fleet): Promise<void> {
  let cancel = () => {}
  const late = new Promise<void>((resolve) => {
    cancel = fleet.clock.timer(PATIENCE_MS, resolve)
  })
  await Promise.race([late, fetchPrices(fleet)])
  cancel()
}

async function fetchPrices(fleet: Fleet): Promise<void> {
  await Promise.all(
    fleet.providers.map(async (provider) => {
      const unpriced = fleet.roster
        .living()
        .filter((worker) => worker.provider === provider && worker.pricePerHour === undefined)
        .map(({ instance }) => instance)
      if (unpriced.length === 0) return
      const query = {
        instanceTypes: [...new Set(unpriced.map(({ instanceType }) => instanceType))].sort(),
        markets: [...new Set(unpriced.map(({ market }) => market))].sort(),
      }
      const known = await fleet.catalogue.offers(provider, query, fleetCalls(fleet, provider)).catch(() => undefined)
      // Who may not read prices still sees, and ends, what runs.
      if (known !== undefined) fleet.price(known.offers, known.at)
    }),
  )
}
