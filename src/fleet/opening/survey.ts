/** Survey: what lives under a cluster's name already, from tags, and from the journals of this machine. */
import type { Found, Unlisted } from "../state/found.js"
import { AuthError, MusterError, PartialListError } from "../../errors.js"
import type { Instance, Provider } from "../../provider.js"
import type { JournalHistory } from "../journal/journal.js"
import type { MadeByIntent, OpenIntent } from "../journal/types.js"
import { livingStates } from "../lifecycle.js"
import { keyOf } from "../roster/register.js"
import { clockSkewMs } from "../state/clock-skew.js"
import { type OpeningContext, openingCalls } from "./opening-calls.js"
import { isRecentlyTerminated } from "./recently-terminated.js"
import { generationOf, latestGenerationOf, TAG } from "../tags.js"

/**
 * `isNew`: a cluster that goes on with nothing that is there. It is made beside a region in which the account may do nothing (one
 * that is not enabled, say), and beside a zone that does not answer: nothing is launched there, and what all others show of the
 * name counts.
 */
export interface Surveyed {
  readonly name: string
  readonly owner: string
  readonly isNew: boolean
}

/** Lists all that lives under the name and owner, and lays the journals beside it; the largest cluster first. */
export async function survey(
  { name, owner, isNew }: Surveyed,
  providers: readonly Provider[],
  histories: readonly JournalHistory[],
  context: OpeningContext,
): Promise<Found[]> {
  const { clock } = context
  const lists = await Promise.all(
    providers.map(async (provider) => {
      const calls = openingCalls(context, provider)
      const states = livingStates(provider.limits)
      const begun = clock.now()
      try {
        const instances = await provider.list({ cluster: name, owner, states }, calls)
        return instances.map((instance) => ({ provider, instance, begun }))
      } catch (error) {
        if (isNew && error instanceof AuthError) {
          context.unlistable?.add(provider)
          return error
        }
        if (isNew && error instanceof PartialListError)
          return error.instances.map((instance) => ({ provider, instance, begun }))
        if (providers.length > 1 && error instanceof MusterError)
          error.message = `looking for "${name}" in ${provider.name} ${provider.region}: ${error.message}; where it cannot be, leave this place out`
        throw error
      }
    }),
  )
  const [first] = lists
  if (first instanceof AuthError && lists.every((one) => one instanceof AuthError)) throw first
  const listed = lists
    .flatMap((one) => (one instanceof AuthError ? [] : one))
    .filter(({ provider, instance }) => !isRecentlyTerminated(clock, provider, instance.id))
  const uids = new Set([
    ...listed.map(({ instance }) => instance.tags[TAG.uid] ?? ""),
    ...histories.map(({ uid }) => uid),
  ])
  uids.delete("")
  const unlisted = await findUnlisted(listed, histories, providers, context)
  return [...uids]
    .map((uid) => foundOf(uid, { listed, unlisted }, histories, providers, clock.now()))
    .filter(({ instances, open, unlisted: late }) => instances.length + open.length + late.length > 0)
    .sort((a, b) => b.instances.length - a.instances.length || b.generation - a.generation)
}

/**
 * A cluster that has no instances, found by its set-up. Undefined when there is no set-up of a cluster, or only that of clusters
 * whose deadline has passed.
 */
export async function surveyLeftovers(
  name: string,
  owner: string,
  providers: readonly Provider[],
  context: OpeningContext,
): Promise<Found | undefined> {
  const { clock } = context
  const lists = await Promise.all(
    providers.map(async (provider) => {
      const calls = openingCalls(context, provider, true)
      return (await provider.leftovers?.({ cluster: name, owner }, calls)) ?? []
    }),
  )
  const now = clock.now() + clockSkewMs(clock, providers)
  const living = lists
    .flat()
    .flatMap(({ tags, shared }) => (shared || !(Number(tags[TAG.deadline]) * 1000 > now) ? [] : [tags]))
    .sort((a, b) => generationOf(b) - generationOf(a) || Number(b[TAG.deadline]) - Number(a[TAG.deadline]))
  const [latest] = living
  const { [TAG.uid]: uid, [TAG.deadline]: deadline = "0" } = latest ?? {}
  return uid === undefined
    ? undefined
    : { uid, generation: generationOf(latest ?? {}), deadline, instances: [], open: [], unlisted: [] }
}

/**
 * What a dead owner's journal names and no list shows may be too new to be listed: for as long as the cloud's lists may miss
 * it, it counts. One that is there by its id, but on its way out, does not. Only the group and the launch call are known of
 * it: nothing here is proof that it is ours to end, which it is once its own tags were read.
 */
async function findUnlisted(
  listed: Found["instances"],
  histories: readonly JournalHistory[],
  providers: readonly Provider[],
  context: OpeningContext,
): Promise<readonly (Unlisted & { readonly uid: string })[]> {
  const { clock } = context
  const known = new Set(listed.map(({ provider, instance }) => keyOf(provider, instance.id)))
  const found = await Promise.all(
    providers.map(async (provider) => {
      const recent = histories.flatMap(({ uid, made }) =>
        made
          .filter(({ provider: name, region }) => name === provider.name && region === provider.region)
          .filter(
            ({ at, instance }) => clock.now() - at < windowMs(provider) && !known.has(keyOf(provider, instance.id)),
          )
          .map((row) => ({ uid, provider, instance: instanceOf(provider, row), at: row.at })),
      )
      const late = [...new Map(recent.map((row) => [row.instance.id, row])).values()]
      if (late.length === 0) return []
      const calls = openingCalls(context, provider)
      const seen = await provider.list({ ids: late.map(({ instance }) => instance.id) }, calls)
      const gone = new Set(
        seen.filter((instance) => !livingStates(provider.limits).includes(instance.state)).map(({ id }) => id),
      )
      return late.filter(({ instance }) => !gone.has(instance.id))
    }),
  )
  return found.flat()
}

/** From before the launch call was sent to the end of the window in which lists may miss what it made. */
function windowMs({ limits }: Provider): number {
  return limits.attemptMs + limits.consistencyMs
}

function instanceOf(provider: Provider, { instance, group, token }: MadeByIntent): Instance {
  const tags = { [TAG.group]: group, [TAG.launch]: token }
  return { ...instance, provider: provider.name, region: provider.region, state: "pending", tags }
}

function foundOf(
  uid: string,
  { listed, unlisted }: { listed: Found["instances"]; unlisted: readonly (Unlisted & { readonly uid: string })[] },
  histories: readonly JournalHistory[],
  providers: readonly Provider[],
  now: number,
): Found {
  const instances = listed.filter(({ instance }) => instance.tags[TAG.uid] === uid)
  const history = histories.find((candidate) => candidate.uid === uid)
  const generations = instances.map(({ instance }) => latestGenerationOf(instance.tags))
  return {
    uid,
    generation: generations.reduce((max, generation) => Math.max(max, generation), history?.generation ?? 0),
    deadline: latestDeadline(instances) ?? history?.deadline ?? "0",
    instances,
    open: (history?.open ?? []).filter((intent) => isStillOpen(intent, providers, now)),
    unlisted: unlisted.filter((late) => late.uid === uid),
    ...(history === undefined ? {} : { bills: history.bills, givenUp: history.givenUp }),
  }
}

/** Once a clock was put right, what is launched says by the new one when the cluster ends: the last that was launched knows best. */
function latestDeadline(instances: Found["instances"]): string | undefined {
  const [latest] = [...instances].sort((a, b) => b.instance.launchedAt - a.instance.launchedAt)
  return latest?.instance.tags[TAG.deadline]
}

/**
 * The uids of earlier clusters of this name whose processes have all ended and of which no instance lives or may still come:
 * what else they have left is whose cluster is found, or made, under the name now.
 */
export function abandonedBy(
  histories: readonly JournalHistory[],
  found: readonly Pick<Found, "uid">[],
): readonly string[] {
  return histories
    .filter(({ uid, isAbandoned }) => isAbandoned && !found.some((one) => one.uid === uid))
    .map(({ uid }) => uid)
}

/**
 * Until the end of the cloud's window only sending it again can tell what the call has made; then a list shows it. One whose token
 * the cloud remembers may be sent again longer, which makes nothing twice. By its name alone it would: what it had made may have been
 * ended since.
 */
function isStillOpen(intent: OpenIntent, providers: readonly Provider[], now: number): boolean {
  const provider = providers.find(({ name, region }) => name === intent.provider && region === intent.region)
  if (provider === undefined) return false
  const isByName = intent.outcome === "none" && intent.call.names !== undefined
  return now - intent.at < (isByName ? windowMs(provider) : REPLAY_WINDOW_MS)
}

/**
 * For how long a launch call may be sent again. EC2 promises a token for a day ("Ensuring idempotency"); Google keeps a
 * finished operation, against which its request ids are matched, for at least one hour.
 */
const REPLAY_WINDOW_MS = 55 * 60_000
