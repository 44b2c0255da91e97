import type { Calls, Headroom, Offer, Scope, Wish } from "../../../src/provider.js"
import type { Send } from "../client/send.js"
import { scopeOf } from "../client/refusals/scopes.js"
import { cpuMetricOf } from "../client/refusals/series.js"

/** What limits any launch, whatever its type. */
const GENERAL: readonly (readonly [metric: string, unit: string])[] = [
  ["INSTANCES", "instances"],
  ["IN_USE_ADDRESSES", "addresses"],
  ["SSD_TOTAL_GB", "GB"],
]

/** The region's quotas that limit this wish, in one request: vCPUs of its families, instances, addresses, disks. */
export async function headroom(send: Send, region: string, wish: Wish, calls: Calls): Promise<readonly Headroom[]> {
  const { quotas = [] } = await send(calls, "regions.get", {
    what: `reading the quotas of ${region}`,
    message: { region },
    fields: "quotas(metric,limit,usage)",
  })
  const rows: readonly (readonly [string, string, Scope])[] = [
    ...cpuRows(region, wish.offers),
    ...GENERAL.map(([metric, unit]) => [metric, unit, { provider: "gcp", region }] as const),
  ]
  return rows.flatMap(([metric, unit, scope]) => {
    const quota = quotas.find((row) => row.metric === metric)
    const limit = Number(quota?.limit ?? Number.NaN)
    return Number.isNaN(limit) ? [] : [{ name: metric, scope, unit, limit, used: Number(quota?.usage ?? 0) }]
  })
}

function cpuRows(region: string, offers: readonly Offer[]): readonly (readonly [string, string, Scope])[] {
  const metrics = new Map(offers.map((offer) => [cpuMetricOf(offer.family, offer.market), offer]))
  return [...metrics].map(([metric, offer]) => [metric, "vCPU", scopeOf("metric", { region, offer, metric })] as const)
}
