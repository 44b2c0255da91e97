/** Tagged: all resources at a provider that carry the given tags, instances and others, listed without any state. */
import type { Remain } from "../../verbs/removals.js"
import { placeOf } from "../roster/keys.js"
import type { Clock } from "../../calls/clock.js"
import type { Calls, Instance, Leftover, Provider, Selector } from "../../provider.js"
import { livingStates } from "../lifecycle.js"
import { TAG } from "../tags.js"
import { withTimeout } from "./with-timeout.js"

/** A cloud that does not answer for so long will not answer a longer wait either, in milliseconds. */
const LONGEST_MS = 10 * 60_000

export interface TaggedResources {
  readonly instances: readonly Instance[]
  readonly leftovers: readonly Leftover[]
}

/** Both are complete, or it throws. */
export async function listTagged(provider: Provider, selector: Selector, calls: Calls): Promise<TaggedResources> {
  const [instances, leftovers] = await Promise.all([
    provider.list({ ...selector, states: livingStates(provider.limits) }, calls),
    provider.leftovers?.(selector, calls) ?? [],
  ])
  return { instances, leftovers }
}

export function remainOf(provider: Provider, thing: Instance | Leftover): Remain {
  const { id, tags } = thing
  const common = {
    id,
    place: placeOf(provider),
    cluster: tags[TAG.cluster] ?? "",
    owner: tags[TAG.owner] ?? "",
    uid: tags[TAG.uid] ?? "",
  }
  if ("kind" in thing) return { kind: thing.kind, ...common }
  const consoleUrl = provider.consoleUrl?.(thing)
  return { kind: "instance", ...common, state: thing.state, ...(consoleUrl === undefined ? {} : { consoleUrl }) }
}

/**
 * Everything that is there of the clusters asked for; nothing is the proof that nothing was left. What clusters share is not
 * among it.
 */
export async function remainsOf(
  providers: readonly Provider[],
  selector: Selector,
  clock: Clock,
): Promise<readonly Remain[]> {
  const options = { clock, ms: LONGEST_MS, doing: "looking for what is left", readOnly: true }
  const rows = await Promise.all(
    providers.map(async (provider) => {
      const { instances, leftovers } = await withTimeout(provider, options, (calls) =>
        listTagged(provider, selector, calls),
      )
      return [...instances, ...leftovers.filter(({ shared }) => !shared)].map((thing) => remainOf(provider, thing))
    }),
  )
  return rows.flat()
}
