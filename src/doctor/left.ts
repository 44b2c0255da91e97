/** Left: what clusters have left behind that are over. Pure. */
import { instanceVerdict, leftoverVerdict } from "../fleet/leftovers/orphans.js"
import type { TaggedResources } from "../fleet/leftovers/tagged.js"
import { TAG } from "../fleet/tags.js"
import type { Finding, Instance, Leftover, Provider } from "../provider.js"

/** Things that are named in one line. */
const MOST_NAMED = 3

/** Of every owner, by what tags and the cloud's clock say. */
export function leftFindings(found: TaggedResources, provider: Provider, now: number): readonly Finding[] {
  const over = overIn(found, now)
  const { length } = found.instances
  if (over.length === 0) {
    const living = length === 0 ? "no instance of Muster's is here" : `${length} instances of Muster's are here`
    return [{ status: "ok", text: `nothing is left of clusters that are over; ${living}` }]
  }
  const things = over.map((thing) => ("kind" in thing ? `${thing.kind} ${thing.id}` : `instance ${thing.id}`))
  const rest = things.length - MOST_NAMED
  const shown = `${things.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`
  const remedy = sweepsFor(over, provider).join("; ")
  return [{ status: "warn", text: `of clusters that are over: ${shown}`, remedy, data: { things } }]
}

type Thing = Instance | Leftover

function overIn({ instances, leftovers }: TaggedResources, now: number): readonly Thing[] {
  const over = instances.filter((one) => instanceVerdict(one, anyOf(one), now) !== undefined)
  const uidsOf = (things: readonly Thing[]) => new Set(things.map(({ tags }) => tags[TAG.uid] ?? ""))
  const uids = { living: uidsOf(instances.filter((one) => !over.includes(one))), swept: uidsOf(over) }
  return [...over, ...leftovers.filter((one) => leftoverVerdict(one, anyOf(one), now, uids) !== undefined)]
}

/** Whoever its owner is. */
function anyOf({ tags }: Thing) {
  return { owner: tags[TAG.owner] ?? "", name: undefined, olderThanMs: undefined, shared: false }
}

function sweepsFor(things: readonly Thing[], { name, region }: Provider): readonly string[] {
  const owners = [...new Set(things.map(({ tags }) => tags[TAG.owner] ?? "default"))]
  const place = region === "local" ? name : `${name} --region ${region}`
  return owners.map((owner) => `muster sweep --provider ${place}${owner === "default" ? "" : ` --owner ${owner}`}`)
}
