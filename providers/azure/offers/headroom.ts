/** What the subscription may still have in the location ("Usage - List"): advisory. */
import type { Calls, Headroom, Wish } from "../../../src/provider.js"
import { itemsOf } from "../client/pages.js"
import type { Azure } from "../client/send.js"
import { COMPUTE } from "../client/versions.js"

interface NativeUsage {
  readonly unit?: string
  readonly currentValue?: number
  readonly limit?: number
  readonly name?: { readonly value?: string; readonly localizedValue?: string }
}

/** The quotas that the wish's offers count against: of families and of the location, or of spot. */
export async function headroom(azure: Azure, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const { subscriptionId, location } = azure.options
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${location}/usages?api-version=${COMPUTE}`
  const usages = await itemsOf<NativeUsage>(azure, calls, "Usage_List", path, {
    what: `reading the quotas of ${location}`,
  })
  const families = new Set(wish.offers.map(({ family }) => family.toLowerCase()))
  return usages.flatMap(({ name, limit, currentValue }) => {
    const quota = name?.value?.toLowerCase() ?? ""
    const isFamily = wish.market === "on-demand" && families.has(quota)
    const isAll = quota === (wish.market === "spot" ? "lowprioritycores" : "cores")
    if ((!isFamily && !isAll) || limit === undefined) return []
    const family = wish.offers.find((offer) => offer.family.toLowerCase() === quota)?.family
    const scope = {
      provider: "azure",
      region: location,
      market: wish.market,
      ...(family === undefined ? {} : { family }),
    }
    return [{ name: name?.localizedValue ?? quota, scope, unit: "vCPUs", limit, used: currentValue ?? 0 }]
  })
}
