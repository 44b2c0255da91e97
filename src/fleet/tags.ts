/** The tags that carry ownership, the same letters on every cloud (valid as GCP labels and in EC2 instance metadata). */
import type { Owner, Selector } from "../provider.js"

export const TAG = {
  cluster: "muster-cluster",
  uid: "muster-uid",
  owner: "muster-owner",
  group: "muster-group",
  generation: "muster-generation",
  launch: "muster-launch",
  deadline: "muster-deadline",
  /** The digest of the group's spec. */
  spec: "muster-spec",
  /** When the lease ends, in seconds since 1970; only where there is one. */
  lease: "muster-lease",
  /** The process that made it, its machine, and since when it has had the cluster; what earlier versions made lacks it. */
  holder: "muster-holder",
  /**
   * The generation that has taken the cluster over since the instance was made; on one instance at least, and there the holder is that
   * generation's.
   */
  taken: "muster-taken",
  /** The step whose end ends the instance, and its exit code ("startup-3"): written by a guest that may, before it ends itself. */
  ended: "muster-ended",
  /** Its guest has something to do before it ends: it is given time to shut down. Only where a request says whether it is. */
  notice: "muster-notice",
  /** It has a container, and a guest that brings commands into it; what earlier versions made lacks it. */
  container: "muster-container",
} as const

/** The tag of an instance with a container: whoever reaches it need not know its spec. */
export const CONTAINER_TAG: Tags = { [TAG.container]: "1" }

/**
 * For so long, in milliseconds, a claim of a cluster's name stands although nothing of that cluster is listed: its maker may be
 * about to launch. After that it is left of one that has ended or rests, and does not keep a new cluster from the name.
 */
export const YOUNG_CLAIM_MS = 2 * 60_000

/** A prefix that no tag of a user's may have. */
export const TAG_PREFIX = "muster-"

export type Tags = Readonly<Record<string, string>>

/** The tags that go into a create call. */
export function launchTags(owner: Owner, group: string, token: string): Record<string, string> {
  return {
    [TAG.cluster]: owner.cluster,
    [TAG.uid]: owner.uid,
    [TAG.owner]: owner.owner,
    [TAG.group]: group,
    [TAG.generation]: String(owner.generation),
    [TAG.launch]: token,
    [TAG.deadline]: owner.deadline,
    ...holderTagOf(owner),
  }
}

/** Where the owner says which process it is. */
export function holderTagOf({ holder }: Pick<Owner, "holder">): Readonly<Record<string, string>> {
  return holder === undefined ? {} : { [TAG.holder]: holder }
}

/** What the owner writes onto an instance that it has taken over. */
export function takenTags(owner: Pick<Owner, "generation" | "holder">): Readonly<Record<string, string>> {
  return { [TAG.taken]: String(owner.generation), ...holderTagOf(owner) }
}

/** Whether an instance with these tags is one the selector's cluster, uid, owner and launch ask for. */
export function tagsMatch(tags: Tags, selector: Selector): boolean {
  return (
    (selector.cluster === undefined || tags[TAG.cluster] === selector.cluster) &&
    (selector.uid === undefined || tags[TAG.uid] === selector.uid) &&
    (selector.owner === undefined || tags[TAG.owner] === selector.owner) &&
    (selector.launch === undefined || tags[TAG.launch] === selector.launch)
  )
}

/** Whether these tags say that the instance belongs to this cluster of this owner. */
export function isOurs(tags: Tags, owner: Pick<Owner, "cluster" | "uid" | "owner">): boolean {
  return tagsMatch(tags, { cluster: owner.cluster, uid: owner.uid, owner: owner.owner })
}

/** The generation that made it, in an instance's tags; 0 when there is none. */
export function generationOf(tags: Tags): number {
  return Number(tags[TAG.generation] ?? "0") || 0
}

/** The latest generation that these tags tell of: the one that made it, or one that has taken it over since. */
export function latestGenerationOf(tags: Tags): number {
  return Math.max(generationOf(tags), Number(tags[TAG.taken] ?? "0") || 0)
}

/** Of these tags those that tell of the latest generation; of several the first. Undefined where none tells of one. */
export function latestTagsOf(all: readonly Tags[]): Tags | undefined {
  let latest: Tags | undefined
  for (const tags of all) if (latestGenerationOf(tags) > latestGenerationOf(latest ?? {})) latest = tags
  return latest
}
