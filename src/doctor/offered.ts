/** Offered: what is sold that fits, what it costs, and whether the account may have so much of it. */
import { SpecError } from "../errors.js"
import { nothingFits } from "../fleet/offers/nothing-fits.js"
import { queryOf } from "../fleet/offers/query.js"
import { inScope } from "../offer.js"
import type { Calls, Finding, Headroom, Offer, OfferQuery, Provider, Wish } from "../provider.js"
import type { ResolvedGroup } from "../spec/resolved.js"
import { wordsOf } from "./look.js"

/** Types and zones that are named in one line. */
const MOST_NAMED = 4

export interface Sold {
  readonly offers: readonly Offer[]
  readonly findings: readonly Finding[]
}

/** What fits the group; of a group that asks for nothing, the first of `smallest` that is sold. */
export async function soldFor(
  provider: Provider,
  group: ResolvedGroup,
  smallest: readonly string[],
  calls: Calls,
): Promise<Sold> {
  const query = queryOf(group)
  const isOpen = Object.keys(query).every((key) => key === "markets" || key === "boots")
  if (!isOpen || smallest.length === 0) return sold(await ask(provider, query, calls), provider)
  const tried: string[] = []
  for (const type of smallest) {
    const found = await ask(provider, { ...query, instanceTypes: [type] }, calls).catch((error: unknown) => {
      // Of a type that the cloud does not know it says so.
      if (!(error instanceof SpecError)) throw error
      tried.push(wordsOf(error))
      return []
    })
    if (found.length > 0) return sold(found, provider)
  }
  const text = `none of ${smallest.join(", ")} is sold here${tried.length === 0 ? "" : ` (${tried[0]})`}`
  const remedy = "name a type that is: muster offers lists them"
  return { offers: [], findings: [{ status: "fail", text, remedy }] }
}

async function ask(provider: Provider, query: OfferQuery, calls: Calls): Promise<readonly Offer[]> {
  const found = await provider.offers(query, calls)
  if (found.length > 0 || query.instanceTypes !== undefined) return found
  // What there would be without each thing asked takes a request each: the names alone are told here.
  const place = `${provider.name} ${provider.region}`
  throw new SpecError(await nothingFits(query, place, () => Promise.resolve([])))
}

function sold(offers: readonly Offer[], { name, region }: Provider): Sold {
  if (offers.length === 0) {
    const text = `nothing that ${name} ${region} sells fits`
    return {
      offers,
      findings: [{ status: "fail", text, remedy: "check the names of types and zones, or name another region" }],
    }
  }
  const [types, zones] = [namesIn(offers, "instanceType"), namesIn(offers, "zone")]
  const markets = namesIn(offers, "market")
  const text = `${few(types)} in ${few(zones)} (${markets.join(", ")})`
  return { offers, findings: [{ status: "ok", text, data: { types, zones, markets } }] }
}

function namesIn(offers: readonly Offer[], key: "instanceType" | "zone" | "market"): readonly string[] {
  return [...new Set(offers.map((offer) => offer[key]))].sort()
}

function few(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED
  return rest > 0 ? `${names.slice(0, MOST_NAMED).join(", ")} and ${rest} more` : names.join(", ")
}

const NO_PRICES = "give prices to the provider, or let it read them; a budget needs them"

/** @param isPaid what runs there costs money: without a price nobody knows how much. */
export function priceFindings(offers: readonly Offer[], isPaid: boolean): readonly Finding[] {
  const [cheapest] = priced(offers)
  const lack = offers.length - priced(offers).length
  if (cheapest === undefined && !isPaid)
    return [{ status: "ok", text: "none is given: a worker here costs nothing more" }]
  if (cheapest === undefined) return [{ status: "warn", text: "no price is known", remedy: NO_PRICES }]
  const { instanceType, pricePerHour = 0, market, zone, priceSource = "?" } = cheapest
  const from = `from ${pricePerHour} USD an hour (${instanceType}, ${market}, ${zone}; ${priceSource})`
  if (lack === 0) return [{ status: "ok", text: from }]
  return [{ status: "warn", text: `${from}; ${lack} of ${offers.length} offers have none`, remedy: NO_PRICES }]
}

function priced(offers: readonly Offer[]): readonly Offer[] {
  const known = offers.filter(({ pricePerHour }) => pricePerHour !== undefined)
  return known.sort((a, b) => (a.pricePerHour ?? 0) - (b.pricePerHour ?? 0))
}

/** What a group of so many would need, of its cheapest offer's market. */
export function wishOf(group: ResolvedGroup, offers: readonly Offer[], count: number): Wish | undefined {
  const [best] = priced(offers).length > 0 ? priced(offers) : offers
  if (best === undefined) return undefined
  const same = offers.filter(({ market, arch }) => market === best.market && arch === best.arch)
  const rest = same.filter((offer) => offer !== best)
  const { market, arch } = best
  return {
    id: "doctor",
    uid: "doctor",
    group: group.name,
    count,
    offers: [best, ...rest],
    market,
    arch,
    spread: group.spread,
  }
}

const MORE = "ask the cloud for an increase, or add types of another family"

/** @throws what the provider throws. */
export async function quotaFindings(provider: Provider, wish: Wish, calls: Calls): Promise<readonly Finding[]> {
  if (provider.headroom === undefined) return [{ status: "ok", text: "there is none to ask for" }]
  const rows = await provider.headroom(wish, calls)
  const short = rows.flatMap((row) => shortOf(row, wish))
  const unknown = rows.some(({ unit }) => unit.startsWith("vCPU"))
    ? []
    : [
        {
          status: "warn" as const,
          text: "no quota of vCPUs is known",
          remedy: `let quotas be read: muster policy ${provider.name} --with ${provider.name === "gcp" ? "zones" : "quotas"}`,
        },
      ]
  if (short.length + unknown.length > 0) return [...short, ...unknown]
  const tightest = rows.filter(({ unit }) => unit.startsWith("vCPU")).map(rowText)
  return [
    {
      status: "ok",
      text: `enough for ${wish.count}: ${few([...new Set(tightest)])}`,
      data: { rows: rows.map(plainRow) },
    },
  ]
}

function rowText({ name, limit, used, unit }: Headroom): string {
  return `${name} has ${Math.max(0, limit - used)} of ${limit} ${unit} left`
}

function plainRow({ name, unit, limit, used }: Headroom) {
  return { name, unit, limit, used }
}

/** Less than one worker needs is a failure, less than all need is a warning. Rows that limit other offers say nothing. */
function shortOf(row: Headroom, { offers: [first], count }: Wish): readonly Finding[] {
  if (first === undefined || !inScope(first, row.scope)) return []
  const each = row.unit.startsWith("vCPU") ? (first.vcpus ?? 0) : /^(instances|addresses)$/.test(row.unit) ? 1 : 0
  const left = row.limit - row.used
  if (each === 0 || each * count <= left) return []
  const text = `${rowText(row)}; ${count} × ${first.instanceType} need ${each * count}`
  return [{ status: left < each ? "fail" : "warn", text, remedy: MORE, data: plainRow(row) }]
}
