/** Orphans: which tagged resources no cluster needs any more, and why. Pure. */
import type { Criteria, Why } from "../../verbs/removals.js"
import type { Instance, Leftover } from "../../provider.js"
import { TAG } from "../tags.js"

/** One that is still being made is not judged by its age, and one whose lease is over has so long to end itself. */
export const GRACE_MS = 60_000

type Tags = Readonly<Record<string, string>>

/** Whether it belongs to a cluster that was asked for. A thing that lacks one of the three tags is no cluster's, and not touched. */
function isAskedFor(tags: Tags, { owner, name }: Criteria): boolean {
  const isOurs = tags[TAG.uid] !== undefined && tags[TAG.cluster] !== undefined && tags[TAG.owner] === owner
  return isOurs && (name === undefined || tags[TAG.cluster] === name)
}

/** A moment in a tag, in milliseconds since 1970; undefined when there is none, or no number. */
function momentIn(tags: Tags, key: string): number | undefined {
  const text = tags[key]
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) * 1000 : undefined
}

/** Why an instance may be terminated; undefined: it stays, because a living process may own it. */
export function instanceVerdict(instance: Instance, criteria: Criteria, now: number): Why | undefined {
  const { tags, launchedAt } = instance
  if (!isAskedFor(tags, criteria)) return undefined
  const [deadline, lease] = [momentIn(tags, TAG.deadline), momentIn(tags, TAG.lease)]
  if (deadline !== undefined && now > deadline) return "expired"
  if (lease !== undefined && now > lease + GRACE_MS) return "lease over"
  const { olderThanMs, name } = criteria
  if (olderThanMs !== undefined) return now - launchedAt > Math.max(olderThanMs, GRACE_MS) ? "older" : undefined
  return name === undefined ? undefined : "named"
}

/**
 * Why something that is no instance may go; undefined: it stays. While anything of its cluster lives it stays in any case, and
 * until the deadline a cluster may live without instances: only when it is named, or its last instances were swept just now,
 * does it go before that.
 *
 * @param living uids of clusters that have instances.
 * @param swept uids of clusters whose instances were swept.
 */
export function leftoverVerdict(
  { tags, shared }: Leftover,
  criteria: Criteria,
  now: number,
  { living, swept }: { readonly living: ReadonlySet<string>; readonly swept: ReadonlySet<string> },
): Why | undefined {
  if (shared) return criteria.shared && living.size === 0 ? "shared" : undefined
  const uid = tags[TAG.uid] ?? ""
  if (!isAskedFor(tags, criteria) || living.has(uid)) return undefined
  const deadline = momentIn(tags, TAG.deadline)
  if (deadline !== undefined && now > deadline) return "expired"
  if (criteria.name !== undefined && criteria.olderThanMs === undefined) return "named"
  return deadline === undefined || swept.has(uid) ? "orphaned" : undefined
}
