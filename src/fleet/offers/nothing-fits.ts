/** What to say when nothing that is sold fits: for each thing asked, what there would be without it. */
import type { SpecProblem } from "../../errors.js"
import { byLikeness, show } from "../../parse.js"
import type { Offer, OfferQuery } from "../../provider.js"

export type Filter = "instanceTypes" | "arch" | "zones" | "gpu" | "vcpus" | "memoryGiB" | "localDiskGiB"

export const FILTERS: readonly Filter[] = [
  "instanceTypes",
  "arch",
  "zones",
  "gpu",
  "vcpus",
  "memoryGiB",
  "localDiskGiB",
]
/** Where an option of the spec has another name than the filter that it becomes. */
const OPTION_OF: { readonly [K in Filter]?: string } = { instanceTypes: "instanceType", localDiskGiB: "localDisk" }
/** Nearest offers named in an error: enough to choose from, few enough to read. */
const MOST_NAMED = 5

/** One problem for each thing asked. `ask` tells what is sold; `places` names where; `notes` say what that answer lacks. */
export async function nothingFits(
  query: OfferQuery,
  places: string,
  ask: (query: OfferQuery) => Promise<readonly Offer[]>,
  notes: readonly string[] = [],
): Promise<SpecProblem[]> {
  const asked = FILTERS.filter((key) => query[key] !== undefined)
  const lacking = notes.length === 0 ? "" : ` (${notes.join("; ")})`
  const head = `nothing that ${places} sells (${query.markets.join(", ")}) fits${lacking}`
  const problems = await Promise.all(
    asked.map(async (key): Promise<SpecProblem> => {
      const near = await nearBy(query, key, ask)
      const there = near.length > 0 ? `; ${key === "gpu" ? "there is" : "without it there is"} ${near.join(", ")}` : ""
      const hint = key === "instanceTypes" ? "; check the names, and that they are sold there" : there
      const { [key]: value } = query
      const option = OPTION_OF[key] ?? key
      return { option: `cluster.${option}`, value, message: `is ${show(value)}: ${head}${hint}` }
    }),
  )
  return problems.length > 0 ? problems : [{ option: "cluster.market", value: query.markets, message: head }]
}

async function nearBy(
  query: OfferQuery,
  key: Filter,
  ask: (query: OfferQuery) => Promise<readonly Offer[]>,
): Promise<readonly string[]> {
  // Without the names a cloud would list everything it has.
  if (key === "instanceTypes") return []
  const { [key]: _value, ...rest } = query
  if (key === "gpu") return nearGpus(query.gpu?.name, await ask({ ...rest, gpu: {} }))
  return [...new Set((await ask(rest)).map((offer) => describe(offer, key)))].slice(0, MOST_NAMED)
}

/** A name may be misspelt, or its count too high: the nearest names, each with the counts there are. */
function nearGpus(name: string | undefined, offers: readonly Offer[]): readonly string[] {
  const counts = new Map<string, Set<number>>()
  for (const { gpu } of offers) {
    if (gpu !== undefined) counts.set(gpu.name, (counts.get(gpu.name) ?? new Set()).add(gpu.count))
  }
  const names = name === undefined ? [...counts.keys()] : byLikeness(name, [...counts.keys()])
  return names.slice(0, MOST_NAMED).map((known) => {
    const sold = [...(counts.get(known) ?? [])].sort((a, b) => a - b)
    return `${known} (${sold.join(", ")} each)`
  })
}

function describe(offer: Offer, key: Filter): string {
  if (key === "zones") return offer.zone
  if (key === "arch") return `${offer.instanceType} (${offer.arch})`
  const gpu = offer.gpu === undefined ? "" : `, ${offer.gpu.count} × ${offer.gpu.name}`
  if (offer.vcpus === undefined) return offer.instanceType
  return `${offer.instanceType} (${offer.vcpus} vCPU, ${offer.memoryGiB ?? "?"} GiB${gpu})`
}
