/** A plan as a table, for people. Pure. */
import { dollars, usdText } from "../../money/budget.js"
import { columns, plain, spanText, untilText } from "../../text.js"
import type { Offer } from "../../provider.js"
import type { PriceSpan } from "./plan-price.js"
import type { BarredOffer, ClusterPlan, GroupPreview, PlannedCall } from "./cluster-plan.js"

/** Offers and types that a table names; all of them are in the plan. */
const MOST_OFFERS = 12
const MOST_TYPES = 4

export function planText({ cluster, groups, etaMs }: Omit<ClusterPlan, "toString">, now: number): string {
  const parts = groups.flatMap((group) => ["", ...groupLines(group, now)])
  const total = groups.length > 1 ? ["", `all groups: ${totalText(groups)}, sent within ${withinText(etaMs)}`] : []
  return [`plan for "${cluster}"`, ...parts, ...total].map(plain).join("\n")
}

function groupLines(plan: GroupPreview, now: number): string[] {
  const { group, desired, existing, calls, surplus, unplaced, offers, price, etaMs, headroom, notes } = plan
  const launching = calls.reduce((sum, call) => sum + call.count, 0)
  const head = `group ${group}: ${desired} wanted, ${existing} there or on their way`
  const verbs = [
    launching > 0 ? `${launching} to launch` : "",
    surplus > 0 ? `${surplus} to take away` : "",
    unplaced > 0 ? `${unplaced} that cannot be asked for now` : "",
  ].filter((text) => text !== "")
  return [
    [head, ...verbs].join(", "),
    ...section("launch calls", columns(callRows(calls))),
    ...section("offers, in the order in which they are tried", offerLines(plan, offers, now)),
    ...(launching > 0
      ? [`  price per hour: ${priceText(price)}`, `  last call sent within: ${withinText(etaMs)}`]
      : []),
    ...section(
      "headroom (advice: the cloud may count differently)",
      columns(
        headroom.map(({ name, unit, limit, used }) => [name, `${Math.max(0, limit - used)} of ${limit} ${unit} left`]),
      ),
    ),
    ...section(
      "notes",
      notes.map((note) => `    ${note}`),
    ),
  ]
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}:`, ...lines]
}

/** Calls that differ in nothing are one row. */
function callRows(calls: readonly PlannedCall[]): string[][] {
  const rows = new Map<string, { readonly cells: string[]; times: number }>()
  for (const { provider, region, api, zone, instanceTypes, market, count } of calls) {
    const types = instanceTypes.slice(0, MOST_TYPES).join(", ")
    const more = instanceTypes.length > MOST_TYPES ? ` and ${instanceTypes.length - MOST_TYPES} more types` : ""
    const cells = [`${provider} ${region}`, api, zone ?? "several zones", `${types}${more}`, market, `${count} each`]
    const key = cells.join("\n")
    const row = rows.get(key) ?? { cells, times: 0 }
    row.times += 1
    rows.set(key, row)
  }
  return [...rows.values()].map(({ cells, times }) => [`${times} ×`, ...cells])
}

function offerLines({ barred }: GroupPreview, offers: readonly Offer[], now: number): string[] {
  const bars = new Map(barred.map((bar) => [bar.offer, bar]))
  const rows = offers
    .slice(0, MOST_OFFERS)
    .map((offer, index) => [
      `${index + 1}`,
      `${offer.provider} ${offer.region}`,
      offer.zone,
      offer.instanceType,
      offer.market,
      offerPrice(offer),
      barText(bars.get(offer), now),
    ])
  const more = offers.length - rows.length
  return [...columns(rows), ...(more > 0 ? [`    … and ${more} more`] : [])]
}

function offerPrice({ pricePerHour, priceSource }: Offer): string {
  if (pricePerHour === undefined) return "price not known"
  return `${dollars(pricePerHour)}/h${priceSource === undefined ? "" : ` (${priceSource})`}`
}

function barText(bar: BarredOffer | undefined, now: number): string {
  return bar === undefined ? "" : `not now (${bar.code}); again ${untilText(bar.until, now)}`
}

function priceText({ least, expected, worst, unpriced, isPartial }: PriceSpan): string {
  if (least === undefined || worst === undefined) return usdText(0, unpriced)
  const marked = (usd: number) => `${dollars(usd)}${isPartial ? "+" : ""}`
  const planned = expected === undefined ? "" : `expected ${usdText(expected, unpriced)}, `
  const partial = isPartial ? " (+: some offers have no price)" : ""
  return `${planned}least ${marked(least)}, worst ${marked(worst)}${partial}`
}

function totalText(groups: readonly GroupPreview[]): string {
  const launching = groups.reduce((sum, { calls }) => sum + calls.reduce((count, call) => count + call.count, 0), 0)
  const usd = groups.reduce((sum, { price }) => sum + (price.expected ?? 0), 0)
  const unpriced = groups.reduce((sum, { price }) => sum + price.unpriced, 0)
  return `${launching} to launch, expected ${usdText(usd, unpriced, "/h")}`
}

function withinText(ms: number): string {
  return ms < 1_000 ? "a second" : spanText(ms)
}
