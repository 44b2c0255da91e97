/** Who owns a generation of a cluster: its resource group is made, and in it a scale set, which can be made only once. */
import { OwnershipError, QuotaError, RejectedError } from "../../../src/errors.js"
import { generationOf, holderTagOf, TAG } from "../../../src/fleet/tags.js"
import type { Calls, Owner } from "../../../src/provider.js"
import { isForbidden } from "../client/errors.js"
import { groupPath } from "../client/ids.js"
import { PROPAGATION_MS } from "../client/outcome.js"
import { arm, type Azure, type Claim } from "../client/send.js"
import { COMPUTE } from "../client/versions.js"
import { putGroup, readGroup, taggedGroups, type Tags } from "./group.js"
import { CLAIM_TAG, generationGroup } from "./names.js"
import { merged } from "./tags.js"

/** The nonce of a group that was requested and is not claimed yet. */
const NOT_YET = ""

export interface Claimed {
  /** The name of the generation's resource group. */
  readonly group: string
  /** Sentences for the user. */
  readonly notes: readonly string[]
}

/**
 * Makes the generation's group and claims it, or finds that it is ours already.
 *
 * No request creates a group only once. A scale set's does ("If-None-Match: *", "Virtual Machine Scale Sets - Create Or
 * Update"): an empty one costs nothing, makes no VM, and goes with its group. Of two processes that make the same group in
 * the same moment, the one that makes the scale set owns the generation. Where no scale set can be made (the role, a policy,
 * or the cloud has none), the group's own tag decides: it is read, written and read again, and two that write within one
 * round trip may both find theirs.
 *
 * Asked again, it makes nothing anew: where a claimed group is deleted, another process has closed the cluster.
 *
 * @throws OwnershipError when another process holds the generation, or the group is being deleted or has gone.
 */
export async function claimGroup(azure: Azure, owner: Owner, calls: Calls): Promise<Claimed> {
  const group = generationGroup(owner)
  const existing = await readGroup(azure, group, calls)
  if (existing?.isDeleting === true) throw superseded(owner, `resource group ${group} is being deleted`, true)
  const claim = azure.claims.get(group)
  if (existing === undefined && claim?.nonce === owner.claim) return notFound(azure, owner, claim, calls)
  const claimed = await claimOrJoin(azure, owner, existing?.tags, calls)
  azure.claims.set(group, { nonce: owner.claim, at: calls.now() })
  return claimed
}

async function claimOrJoin(azure: Azure, owner: Owner, existing: Tags | undefined, calls: Calls): Promise<Claimed> {
  const group = generationGroup(owner)
  const tags = merged(azure.options.tags ?? {}, claimTags(owner))
  if (existing === undefined) {
    // Whatever becomes of the claim, the group is found among the leftovers before lists have it.
    azure.claims.set(group, { nonce: NOT_YET, at: calls.now() })
    await putGroup(azure, group, tags, calls)
  }
  const mark = existing === undefined ? undefined : await readMark(azure, group, calls)
  if (mark !== undefined) return checkClaim(group, mark, owner)
  if (existing !== undefined) checkClaim(group, existing, owner)
  const outcome = await putMark(azure, group, tags, calls)
  if (outcome === "made") return { group, notes: [] }
  const winner = (await readMark(azure, group, calls)) ?? (await readGroup(azure, group, calls))?.tags ?? {}
  return { ...checkClaim(group, winner, owner), notes: outcome === "exists" ? [] : [outcome.note] }
}

/**
 * What was claimed here is not found by its name. For a while after it was observed that proves nothing; later the list of all groups, which is
 * complete, must not have it either.
 */
async function notFound(azure: Azure, owner: Owner, { at }: Claim, calls: Calls): Promise<Claimed> {
  const group = generationGroup(owner)
  if (calls.now() - at < PROPAGATION_MS) return { group, notes: [] }
  const groups = await taggedGroups(azure, calls)
  if (groups.some(({ name }) => name.toLowerCase() === group)) return { group, notes: [] }
  const later = groups.find(({ tags }) => tags[TAG.uid] === owner.uid && generationOf(tags) > owner.generation)
  if (later !== undefined) throw superseded(owner, `its generation is in ${later.name} now`, false)
  throw superseded(owner, `somebody deleted resource group ${group}`, true)
}

function superseded({ cluster, generation }: Owner, how: string, gone: boolean): OwnershipError {
  const message = `generation ${generation} of cluster "${cluster}" has ended: ${how}; attach to the cluster anew, or start it again`
  return new OwnershipError(message, { gone })
}

const TAGS_ALONE =
  "by which a cluster's owner is told apart: two processes that take it over in the same moment find out only by each other's launches"

function checkClaim(group: string, tags: Tags, owner: Owner): Claimed {
  if (tags[CLAIM_TAG] === owner.claim) return { group, notes: [] }
  throw new OwnershipError(
    `claiming generation ${owner.generation} of cluster "${owner.cluster}": another process holds resource group ${group}; attach to the cluster anew`,
  )
}

export function claimTags(owner: Owner): Tags {
  return {
    [TAG.cluster]: owner.cluster,
    [TAG.uid]: owner.uid,
    [TAG.owner]: owner.owner,
    [TAG.generation]: String(owner.generation),
    [TAG.deadline]: owner.deadline,
    ...holderTagOf(owner),
    [CLAIM_TAG]: owner.claim,
  }
}

function markPath(azure: Azure, group: string): string {
  const path = groupPath(azure.options.subscriptionId, group)
  return `${path}/providers/Microsoft.Compute/virtualMachineScaleSets/muster-claim?api-version=${COMPUTE}`
}

/** `note`: why there can be none, for the user. */
type Outcome = "made" | "exists" | { readonly note: string }

/** Makes it, unless the group has one. */
export async function putMark(azure: Azure, group: string, tags: Tags, calls: Calls): Promise<Outcome> {
  // Without a profile it has no VMs, and without a capacity it wants none.
  const properties = { orchestrationMode: "Flexible", platformFaultDomainCount: 1 }
  const body = { location: azure.options.location, tags, properties }
  const request = { method: "PUT", path: markPath(azure, group), body, onlyNew: true } as const
  const info = {
    what: `claiming resource group ${group}`,
    accepts: [409, 412],
    member: "id",
    isRecent: true,
  } as const
  try {
    const { status } = await arm(azure, calls, "VirtualMachineScaleSets_CreateOrUpdate", request, info)
    return status < 300 ? "made" : "exists"
  } catch (error) {
    if (isForbidden(error)) return { note: `the role allows no scale sets, ${TAGS_ALONE}` }
    // Also where a quota of scale sets is used up, which VMs do not count against.
    if (error instanceof RejectedError || error instanceof QuotaError)
      return { note: `no scale set can be made (${error.code}), ${TAGS_ALONE}` }
    throw error
  }
}

/** Whose it is, as tags; undefined where there is none, or it may not be read. */
export async function readMark(azure: Azure, group: string, calls: Calls): Promise<Tags | undefined> {
  const request = { method: "GET", path: markPath(azure, group) } as const
  const info = { what: `reading who holds resource group ${group}`, accepts: [404], member: "id" }
  try {
    const reply = await arm(azure, calls, "VirtualMachineScaleSets_Get", request, info)
    return reply.status > 299 ? undefined : ((reply.body as { readonly tags?: Tags }).tags ?? {})
  } catch (error) {
    if (!isForbidden(error) && !(error instanceof RejectedError)) throw error
    return undefined
  }
}
