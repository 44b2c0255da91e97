/** Way in: what `plan` says of who will reach the workers, over ssh and among themselves. */
import { messageOf } from "../state/context.js"
import type { Fleet } from "../state/context.js"
import { rangesOf } from "../launching/access-request.js"
import type { Provider } from "../../provider.js"
import { isEveryone } from "../../spec/access.js"
import { placeOf } from "../roster/keys.js"

/** One sentence for each place and each thing that is opened there, or is not. */
export async function wayInNotes(fleet: Fleet, providers: ReadonlySet<Provider>): Promise<readonly string[]> {
  const { access, peers } = fleet
  if (access === undefined && !peers) return []
  const from = access === undefined ? undefined : await fromText(fleet, access.from)
  return [...providers].flatMap((provider) => [
    ...(from === undefined ? [] : accessNotes(provider, from)),
    ...(peers ? [peersNote(provider)] : []),
  ])
}

/** "192.0.2.7/32 (here)"; the whole internet is called so. */
async function fromText({ clock }: Fleet, from: readonly string[]): Promise<string> {
  const texts = from.map(async (range) => {
    if (isEveryone(range)) return `the whole internet (${range})`
    if (range !== "here") return range
    return rangesOf([range], clock).then(
      (ranges) => `${ranges.join(", ")} (here)`,
      (error: unknown) => `here: ${messageOf(error)}`,
    )
  })
  return (await Promise.all(texts)).join(", ")
}

function accessNotes(provider: Provider, from: string): readonly string[] {
  const { access, limits } = provider
  if (access !== undefined) return [`${placeOf(provider)}: port 22 of its workers is opened to ${from}`]
  if (limits.takesKeys === undefined) return []
  return [
    `${placeOf(provider)}: no firewall rule is made for access: let port 22 in yourself, in the network that the workers are in, from ${from}`,
  ]
}

function peersNote(provider: Provider): string {
  const place = placeOf(provider)
  if (provider.limits.takesKeys === undefined) return `${place}: peers changes nothing: its workers share one machine`
  if (provider.access === undefined)
    return `${place}: no firewall rule is made for peers: who reaches its workers is for their network to say`
  return `${place}: every port of its workers is opened to this cluster's other workers (peers)`
}
