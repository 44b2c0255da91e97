/** Who has a new cluster's name: a group of the name's own, with nothing in it but what can be made only once. */
import { NAME_TAKEN, OwnershipError, QuotaError } from "../../../src/errors.js"
import { TAG, YOUNG_CLAIM_MS } from "../../../src/fleet/tags.js"
import type { Calls, Owner } from "../../../src/provider.js"
import { type Claimed, claimGroup, claimTags, putMark, readMark } from "./claim.js"
import { putGroup, readGroup, type Tags } from "./group.js"
import { CLAIM_TAG, CLAIMED_TAG, NAME_TAG, nameGroup } from "./names.js"
import type { Azure } from "../client/send.js"
import { merged } from "./tags.js"

/** So many earlier clusters of a name may have left their claims, or may be on their way out. */
const MOST_BESIDE = 5

/**
 * Takes the name, or finds that it is ours already. A group that Azure is still deleting, or that an earlier cluster of the name
 * has left, is passed over: the next one counts.
 *
 * @returns sentences for the user: where no scale set can be made the group's own tag decides, as for a generation.
 * @throws OwnershipError with code NAME_TAKEN when another new cluster has the name.
 */
async function claimName(azure: Azure, owner: Owner, calls: Calls): Promise<readonly string[]> {
  const groups = Array.from({ length: MOST_BESIDE }, (_, index) => nameGroup(owner, azure.options.location, index + 1))
  // Asked again, it makes nothing anew: a group that is deleted since was removed with the cluster by another process.
  if (groups.some((group) => azure.claims.get(group)?.nonce === owner.claim)) return []
  for (const group of groups) {
    const outcome = await claimOne(azure, owner, group, calls).catch(noGroup)
    if (outcome === undefined) continue
    if (typeof outcome === "string") return [outcome]
    azure.claims.set(group, { nonce: owner.claim, at: calls.now() })
    return outcome
  }
  return [`${MOST_BESIDE} earlier clusters of the name have left their claims: of two that start it now lists decide`]
}

/** A subscription has so many groups ("980 resource groups per subscription"): the claim is done without, the generation's group is not. */
function noGroup(error: unknown): string {
  if (!(error instanceof QuotaError)) throw error
  return `no resource group can be made for the name (${error.code}): of two that start it now lists decide`
}

/** Claims the generation, and of a new cluster its name as well; both have ended when this does. */
export async function claimOwner(azure: Azure, owner: Owner, calls: Calls): Promise<Claimed> {
  if (owner.generation > 1) return claimGroup(azure, owner, calls)
  const both = [claimGroup(azure, owner, calls), claimName(azure, owner, calls)] as const
  await Promise.allSettled(both)
  const [claimed, notes] = await Promise.all(both)
  return { ...claimed, notes: [...new Set([...claimed.notes, ...notes])] }
}

/** Undefined when it is left of an earlier cluster. */
async function claimOne(
  azure: Azure,
  owner: Owner,
  group: string,
  calls: Calls,
): Promise<readonly string[] | undefined> {
  const existing = await readGroup(azure, group, calls)
  if (existing?.isDeleting === true) return undefined
  if (existing !== undefined) {
    return isOurs(owner, (await readMark(azure, group, calls)) ?? existing.tags, calls) ? [] : undefined
  }
  const claimed = { [NAME_TAG]: "claim", [CLAIMED_TAG]: String(Math.floor(calls.now() / 1000)) }
  const tags = merged(azure.options.tags ?? {}, claimTags(owner), claimed)
  await putGroup(azure, group, tags, calls)
  const outcome = await putMark(azure, group, tags, calls)
  if (outcome === "made") return []
  const winner = (await readMark(azure, group, calls)) ?? (await readGroup(azure, group, calls))?.tags ?? {}
  // Both have written the group's tags, and by those it is found when its cluster ends.
  if (winner[CLAIM_TAG] !== owner.claim && winner[CLAIM_TAG] !== undefined) await putGroup(azure, group, winner, calls)
  if (!isOurs(owner, winner, calls)) return undefined
  return outcome === "exists" ? [] : [outcome.note]
}

/** False when it is left of an earlier cluster. @throws OwnershipError when another cluster has claimed it a moment ago. */
function isOurs({ cluster, uid, owner, claim }: Owner, tags: Tags, calls: Calls): boolean {
  if (tags[CLAIM_TAG] === claim) return true
  const other = tags[TAG.uid] ?? ""
  const isRecent = calls.now() - Number(tags[CLAIMED_TAG]) * 1000 < YOUNG_CLAIM_MS
  if (other !== uid && !isRecent) return false
  if (other !== uid) {
    throw new OwnershipError(
      `starting cluster "${cluster}" (owner "${owner}"): another new cluster has taken the name a moment ago (uid ${other}); use existing: "connect" to go on with that one, or another name. If its process has ended: muster delete ${cluster}`,
      { code: NAME_TAKEN },
    )
  }
  throw new OwnershipError(
    `claiming the first generation of cluster "${cluster}": another process holds it; attach to the cluster anew`,
  )
}
