/** What goes on when a command line lets go of a cluster, in one line. */
import { plainWord } from "../guest/text.js"
import { momentText } from "../calls/clock.js"
import type { Cluster } from "../cluster.js"
import { TAG } from "../fleet/tags.js"
import { usdText } from "../money/budget.js"
import type { Provider } from "../provider.js"
import type { NamedTarget } from "./clusters.js"
import { single } from "./parse.js"
import { type Place, placeText } from "./spec/places.js"
import type { Given } from "./surroundings.js"

/** Says that lost workers are not replaced from now on, when the cluster ends, what it costs an hour, and how the user ends it. */
export function lettingGoText(
  cluster: Cluster,
  target: NamedTarget,
  providers: readonly Provider[],
  given: Given,
): string {
  const { workers } = cluster
  const count = `${workers.length} worker${workers.length === 1 ? "" : "s"}`
  const unpriced = workers.filter(({ pricePerHour }) => pricePerHour === undefined).length
  const { perHour } = cluster.cost()
  const where = [...new Set(target.places.map(placeText))].join(", ")
  const ends = endsText(cluster, providers)
  const price = usdText(perHour, unpriced, " an hour")
  return `"${cluster.name}" goes on with ${count} (${where}): from now on nobody replaces what is lost; ${ends}; ${price}; end it: ${deleteCommand(target, given)}`
}

/** In milliseconds since 1970, as the tags of its workers say; 0 where there is none. */
export function deadlineOf({ workers }: Pick<Cluster, "workers">): number {
  return Math.max(0, ...workers.map(({ tags }) => Number(tags[TAG.deadline] ?? "0") * 1000))
}

function endsText(cluster: Cluster, providers: readonly Provider[]): string {
  const deadline = deadlineOf(cluster)
  if (!(deadline > 0)) return "nothing of it runs"
  const others = providers
    .filter(({ limits }) => limits.outlivesDeadline)
    .map(({ name, region }) => `${name} ${region}`)
  const end = `it ends at ${momentText(deadline)}`
  return others.length === 0 ? end : `${end}, but in ${others.join(", ")} when somebody ends it`
}

/** The command line that ends it, from anywhere. */
export function deleteCommand(target: NamedTarget, given: Given): string {
  return [`muster delete ${target.name}`, ...whereWords(target, given)].join(" ")
}

/** The flags by which another command line finds a cluster that is there. */
export function whereWords({ owner, places }: Pick<NamedTarget, "owner" | "places">, given: Given): readonly string[] {
  const [first] = places
  const regions = places.flatMap(({ region }) => region ?? []).filter((region) => region !== "local")
  // A variable is there for the next command line as well.
  const journal = given.sources.journal === "flag" ? single(given, "journal") : undefined
  return [
    ...(first === undefined ? [] : [`--provider ${first.provider}`]),
    ...(regions.length === 0 ? [] : [`--region ${[...new Set(regions)].join(",")}`]),
    ...optionFlags(first),
    ...(owner === "default" ? [] : [`--owner ${owner}`]),
    ...(journal === undefined ? [] : [`--journal ${plainWord(journal)}`]),
  ]
}

/** Keys are for no log: who runs the other command line has them, or finds them where this one did. */
const SECRET_OPTIONS: readonly string[] = ["credentials"]

function optionFlags(place: Place | undefined): readonly string[] {
  const shown = Object.entries(place?.options ?? {}).filter(([key]) => !SECRET_OPTIONS.includes(key))
  return shown.map(([key, value]) => {
    return `--option ${plainWord(typeof value === "string" ? `${key}=${value}` : `${key}:=${JSON.stringify(value)}`)}`
  })
}
