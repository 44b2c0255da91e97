/** Listing: the clusters that live at a provider, from tags alone, with no journal and no memory. */
import type { Clock } from "../../calls/clock.js"
import type { Instance, Provider } from "../../provider.js"
import { MusterError } from "../../errors.js"
import type { ResolvedList } from "../../verbs/verbs.js"
import { livingStates } from "../lifecycle.js"
import { resolveProviders } from "../opening/providers.js"
import { withTimeout } from "./with-timeout.js"
import { placeOf } from "../roster/keys.js"
import { generationOf, TAG } from "../tags.js"

export interface ClusterSummary {
  readonly name: string
  readonly uid: string
  readonly owner: string
  readonly instances: number
  readonly running: number
  readonly groups: Readonly<Record<string, number>>
  readonly generation: number
  /** "aws eu-west-2", … */
  readonly places: readonly string[]
  /** Milliseconds since 1970. */
  readonly oldestLaunchedAt: number
  /** Milliseconds since 1970. */
  readonly deadline: number
}

/** A place that could not be listed, and why. */
export interface PlaceFailure {
  /** "aws eu-west-2", … */
  readonly place: string
  readonly error: Error
}

/** The clusters of all places that answered, and the places that did not. */
export interface ClusterList extends ReadonlyArray<ClusterSummary> {
  readonly failures: readonly PlaceFailure[]
}

/** @throws what the look at the first place threw, where every place failed. */
export async function listClusters(spec: ResolvedList, clock: Clock): Promise<ClusterList> {
  const providers = await resolveProviders(spec, clock)
  const listing = { clock, ms: spec.timeoutMs, doing: "listing the clusters", readOnly: true }
  const lists = await Promise.allSettled(
    providers.map(async (provider) => {
      const selector = {
        states: livingStates(provider.limits),
        ...(spec.owner === undefined ? {} : { owner: spec.owner }),
      }
      const instances = await withTimeout(provider, listing, (calls) => provider.list(selector, calls))
      return instances.map((instance) => ({ provider, instance }))
    }),
  )
  const failures = lists.flatMap((outcome, index) => {
    const provider = providers[index]
    return outcome.status === "fulfilled" || provider === undefined ? [] : [failureAt(provider, outcome.reason)]
  })
  const [first] = failures
  if (first !== undefined && failures.length === providers.length) throw first.error
  const byUid = new Map<string, { provider: Provider; instance: Instance }[]>()
  for (const entry of lists.flatMap((outcome) => (outcome.status === "fulfilled" ? outcome.value : []))) {
    const uid = entry.instance.tags[TAG.uid]
    if (uid !== undefined) byUid.set(uid, [...(byUid.get(uid) ?? []), entry])
  }
  const clusters = [...byUid].map(([uid, entries]) => summaryOf(uid, entries))
  return Object.assign(
    clusters.sort((a, b) => (a.name < b.name ? -1 : 1)),
    { failures },
  )
}

function failureAt(provider: Provider, reason: unknown): PlaceFailure {
  return { place: placeOf(provider), error: reason instanceof Error ? reason : new MusterError(String(reason)) }
}

function summaryOf(uid: string, entries: readonly { provider: Provider; instance: Instance }[]): ClusterSummary {
  const instances = entries.map((entry) => entry.instance)
  const tags = instances[0]?.tags ?? {}
  const groups: Record<string, number> = {}
  for (const instance of instances) {
    const group = instance.tags[TAG.group] ?? "default"
    groups[group] = (groups[group] ?? 0) + 1
  }
  return {
    name: tags[TAG.cluster] ?? "",
    uid,
    owner: tags[TAG.owner] ?? "",
    instances: instances.length,
    running: instances.filter((instance) => instance.state === "running").length,
    groups,
    generation: Math.max(...instances.map((instance) => generationOf(instance.tags))),
    places: [...new Set(entries.map(({ provider }) => `${provider.name} ${provider.region}`))],
    oldestLaunchedAt: Math.min(...instances.map((instance) => instance.launchedAt)),
    deadline: Number(tags[TAG.deadline] ?? "0") * 1000,
  }
}
