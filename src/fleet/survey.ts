/** Survey: what lives under a cluster's name already, from tags, and from the journals of this machine. */
import { createCalls } from "../calls/send.js"
import type { Clock } from "../calls/clock.js"
import type { Instance, Provider } from "../provider.js"
import type { JournalHistory, OpenIntent } from "./journal.js"
import { livingStates } from "./observe.js"
import { generationOf, TAG } from "./tags.js"

/** One cluster of the name, as its tags and journals tell. */
export interface Found {
  readonly uid: string
  /** The highest generation that any of its tags or journals names. */
  readonly generation: number
  /** Seconds since 1970, as in the tags. */
  readonly deadline: string
  readonly instances: readonly { readonly provider: Provider; readonly instance: Instance }[]
  /** Launch calls that may have made, or may still make, instances. */
  readonly open: readonly OpenIntent[]
}

/** Lists all that lives under the name and owner, and lays the journals beside it; the largest cluster first. */
export async function survey(
  name: string,
  owner: string,
  providers: readonly Provider[],
  histories: readonly JournalHistory[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Found[]> {
  const lists = await Promise.all(
    providers.map(async (provider) => {
      const calls = createCalls({ clock, limits: provider.limits, signal })
      const states = livingStates(provider.limits)
      const instances = await provider.list({ cluster: name, owner, states }, calls)
      return instances.map((instance) => ({ provider, instance }))
    }),
  )
  const listed = lists.flat()
  const uids = new Set([
    ...listed.map(({ instance }) => instance.tags[TAG.uid] ?? ""),
    ...histories.map(({ uid }) => uid),
  ])
  uids.delete("")
  return [...uids]
    .map((uid) => foundOf(uid, listed, histories, providers, clock.now()))
    .filter((found) => found.instances.length > 0 || found.open.length > 0)
    .sort((a, b) => b.instances.length - a.instances.length || b.generation - a.generation)
}

function foundOf(
  uid: string,
  listed: Found["instances"],
  histories: readonly JournalHistory[],
  providers: readonly Provider[],
  now: number,
): Found {
  const instances = listed.filter(({ instance }) => instance.tags[TAG.uid] === uid)
  const history = histories.find((candidate) => candidate.uid === uid)
  const generations = instances.map(({ instance }) => generationOf(instance.tags))
  return {
    uid,
    generation: generations.reduce((max, generation) => Math.max(max, generation), history?.generation ?? 0),
    deadline: instances[0]?.instance.tags[TAG.deadline] ?? history?.deadline ?? "0",
    instances,
    open: (history?.open ?? []).filter((intent) => isStillOpen(intent, providers, now)),
  }
}

/** After the cloud's window a list shows whatever the call has made; until then only sending it again can tell. */
function isStillOpen(intent: OpenIntent, providers: readonly Provider[], now: number): boolean {
  const provider = providers.find(({ name, region }) => name === intent.provider && region === intent.region)
  if (provider === undefined) return false
  return now - intent.at < REPLAY_WINDOW_MS
}

/**
 * For how long a launch call may be sent again. EC2 promises a token for a day ("Ensuring idempotency"); Google keeps a
 * finished operation, against which its request ids are matched, for at least one hour.
 */
const REPLAY_WINDOW_MS = 55 * 60_000
