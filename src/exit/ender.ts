/** Ender: ends the instances of a cluster whose process has gone, until two complete lists in a row show none. */
import type { Clock } from "../calls/clock.js"
import { createCalls } from "../calls/send.js"
import { livingStates } from "../fleet/observe.js"
import { isOurs } from "../fleet/tags.js"
import type { Calls, Instance, JsonObject, Owner, Provider } from "../provider.js"
import { loadProvider } from "../registry.js"
import type { ProviderName } from "../spec.js"

/** One cluster in one place, with all that is needed to end it from elsewhere. */
export interface EndRequest {
  readonly provider: ProviderName
  readonly region: string
  readonly options: JsonObject
  readonly owner: Pick<Owner, "cluster" | "uid" | "owner">
  /** Those that were known, with the tags that were read of them. */
  readonly instances: readonly Instance[]
}

/** What was on the wire when the process went may come into being for as long as a request takes, and lists lag behind that. */
const LONGEST_MS = 10 * 60_000

export async function endAll(requests: readonly EndRequest[], clock: Clock): Promise<void> {
  await Promise.allSettled(requests.map((request) => endOne(request, clock)))
}

async function endOne(request: EndRequest, clock: Clock): Promise<void> {
  const provider = await loadProvider(request.provider, request.region, request.options)
  const calls = createCalls({ clock, limits: provider.limits, signal: new AbortController().signal })
  // Only what carries the cluster's tags, whoever says so.
  const known = request.instances.filter(({ tags }) => isOurs(tags, request.owner))
  await terminate(provider, known, calls)
  const until = clock.now() + LONGEST_MS
  for (let empty = 0; empty < 2 && clock.now() < until; ) {
    await clock.sleep(provider.limits.look.everyMs)
    const living = await livingOf(provider, request, calls)
    empty = living?.length === 0 ? empty + 1 : 0
    const standing = living?.filter(({ state }) => state !== "terminating") ?? []
    if (standing.length > 0) await terminate(provider, standing, calls)
  }
}

/** Undefined when the list could not be read: no proof of anything. */
function livingOf(provider: Provider, { owner }: EndRequest, calls: Calls): Promise<readonly Instance[] | undefined> {
  return provider.list({ ...owner, states: livingStates(provider.limits) }, calls).catch(() => undefined)
}

async function terminate(provider: Provider, instances: readonly Instance[], calls: Calls): Promise<void> {
  // What is refused now is asked for again after the next list.
  if (instances.length > 0) await provider.terminate(instances, calls).catch(() => {})
}
