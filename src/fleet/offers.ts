/** What is sold that fits a group, and what to say when nothing does. */
import { SpecError, type SpecProblem } from "../errors.js"
import { show } from "../parse.js"
import type { Offer, OfferQuery } from "../provider.js"
import type { ResolvedGroup } from "../spec.js"
import type { Known } from "./catalogue.js"
import { type Fleet, fleetCalls, type GroupState } from "./context.js"
import { marketsOf } from "./plan.js"

type Ask = (query: OfferQuery) => Promise<Known>
type Filter = "instanceTypes" | "arch" | "zones" | "gpu" | "vcpus" | "memoryGiB" | "localDiskGiB"

const FILTERS: readonly Filter[] = ["instanceTypes", "arch", "zones", "gpu", "vcpus", "memoryGiB", "localDiskGiB"]
/** Where an option of the spec has another name than the filter that it becomes. */
const OPTION_OF: { readonly [K in Filter]?: string } = { instanceTypes: "instanceType", localDiskGiB: "localDisk" }
/** Nearest offers named in an error: enough to choose from, few enough to read. */
const MOST_NAMED = 5

const UNKNOWN_GROUP =
  "is known from its instances' tags only; to launch more of it, attach with the fields of its spec (instanceType, startup, …)"

/**
 * Everything sold that fits a group, from every provider of the cluster; the group keeps it.
 *
 * @throws SpecError when nothing fits, naming for each thing asked what there would be without it.
 */
export async function findOffers(fleet: Fleet, state: GroupState): Promise<readonly Offer[]> {
  const { group } = state
  const ask: Ask = async (query) => {
    const answers = await Promise.all(
      fleet.providers.map((provider) => fleet.catalogue.offers(provider, query, fleetCalls(fleet, provider))),
    )
    return { offers: answers.flatMap((answer) => answer.offers), at: Math.min(...answers.map((answer) => answer.at)) }
  }
  if (group.isBare) throw new SpecError([{ option: `cluster.groups.${group.name}`, message: UNKNOWN_GROUP }])
  checkMarket(fleet, group)
  checkStartup(fleet, group)
  const query = queryOf(group)
  const { offers, at } = await ask(query)
  if (offers.length === 0) throw new SpecError(await nothingFits(fleet, query, ask))
  fleet.price(offers)
  state.offers = offers
  state.offersAt = at
  return offers
}

function queryOf(group: ResolvedGroup): OfferQuery {
  const filters = FILTERS.flatMap((key) => (group[key] === undefined ? [] : [[key, group[key]]]))
  return { markets: marketsOf(group.market), ...(Object.fromEntries(filters) as Partial<OfferQuery>) }
}

function checkMarket(fleet: Fleet, { market }: ResolvedGroup): void {
  const sold = new Set(fleet.providers.flatMap((provider) => provider.limits.markets))
  if (marketsOf(market).some((wanted) => sold.has(wanted))) return
  throw new SpecError([
    {
      option: "cluster.market",
      value: market,
      message: `is ${show(market)}; ${placesOf(fleet)} sells only ${[...sold].join(", ")}`,
    },
  ])
}

/** Measured before any call: a script that does not fit would be refused after the money was asked for. */
function checkStartup(fleet: Fleet, { startup = "" }: ResolvedGroup): void {
  const bytes = Buffer.byteLength(startup)
  const tightest = [...fleet.providers].sort((a, b) => a.limits.userDataBytes - b.limits.userDataBytes)[0]
  if (tightest === undefined || bytes <= tightest.limits.userDataBytes) return
  const message = `is ${bytes} bytes long, and ${tightest.name} carries at most ${tightest.limits.userDataBytes}; let the script fetch the rest, or put it into the image`
  throw new SpecError([{ option: "cluster.startup", message }])
}

async function nothingFits(fleet: Fleet, query: OfferQuery, ask: Ask): Promise<SpecProblem[]> {
  const asked = FILTERS.filter((key) => query[key] !== undefined)
  const head = `nothing that ${placesOf(fleet)} sells (${query.markets.join(", ")}) fits`
  const problems = await Promise.all(
    asked.map(async (key): Promise<SpecProblem> => {
      const { [key]: value, ...rest } = query
      // Without the names a cloud would list everything it has.
      const others = key === "instanceTypes" ? [] : (await ask(rest)).offers
      const near = [...new Set(others.map((offer) => describe(offer, key)))].slice(0, MOST_NAMED)
      const hint = near.length > 0 ? `; without it there is ${near.join(", ")}` : ""
      const option = OPTION_OF[key] ?? key
      return { option: `cluster.${option}`, value, message: `is ${show(value)}: ${head}${hint}` }
    }),
  )
  return problems.length > 0 ? problems : [{ option: "cluster.market", value: query.markets, message: head }]
}

function describe(offer: Offer, key: Filter): string {
  if (key === "zones") return offer.zone
  if (key === "arch") return `${offer.instanceType} (${offer.arch})`
  const gpu = offer.gpu === undefined ? "" : `, ${offer.gpu.count} × ${offer.gpu.name}`
  if (offer.vcpus === undefined) return offer.instanceType
  return `${offer.instanceType} (${offer.vcpus} vCPU, ${offer.memoryGiB ?? "?"} GiB${gpu})`
}

function placesOf(fleet: Fleet): string {
  return fleet.providers.map(({ name, region }) => `${name} ${region}`).join(", ")
}
