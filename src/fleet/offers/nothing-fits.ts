/** What to say when nothing that is sold fits: for each thing asked, what there would be without it. */
import type { SpecProblem } from "../../errors.js"
import { byLikeness, show } from "../../input/parse.js"
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
  const found = await Promise.all(
    asked.map(async (key) => {
      const near = await nearBy(query, key, ask)
      const { [key]: value } = query
      const message = `is ${show(value)}: ${head}${hintOf(key, near)}`
      return { isCause: near.length > 0, problem: { option: `cluster.${OPTION_OF[key] ?? key}`, value, message } }
    }),
  )
  // What others stand in the way of is not what is wrong.
  const causes = found.filter(({ isCause }) => isCause)
  const problems = (causes.length > 0 ? causes : found).map(({ problem }) => problem)
  return problems.length > 0 ? problems : [{ option: "cluster.market", value: query.markets, message: head }]
}

function hintOf(key: Filter, near: readonly string[]): string {
  if (key === "instanceTypes") return "; check the names, and that they are sold there"
  if (near.length > 0) return `; ${key === "gpu" ? "there is" : "without it there is"} ${near.join(", ")}`
  return key === "gpu" ? "; leave it out, or name another place" : ""
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
