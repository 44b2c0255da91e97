/** Resource groups: one for each generation of a cluster, which is its boundary. */
import { OwnershipError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Selector } from "../../../src/provider.js"
import { subscriptionPath } from "../client/ids.js"
import { PROPAGATION_MS } from "../client/outcome.js"
import { itemsOf } from "../client/pages.js"
import { arm, type Azure, type RequestInfo } from "../client/send.js"
import { RESOURCES } from "../client/versions.js"
import { NAME_TAG } from "./names.js"

export type Tags = Readonly<Record<string, string>>

export interface Group {
  readonly name: string
  readonly tags: Tags
  /** Its deletion was accepted: Azure takes it away, with all that is in it. Were that to fail, it would not be leaving. */
  readonly isDeleting: boolean
}

interface NativeGroup {
  readonly name: string
  readonly location: string
  readonly tags?: Tags
  readonly properties?: { readonly provisioningState?: string }
}

/** The groups in which a selector's instances can be: the given one, or those that carry its tags. */
export async function clusterGroups(azure: Azure, selector: Selector, calls: Calls): Promise<readonly Group[]> {
  const { resourceGroup } = azure.options
  if (resourceGroup !== undefined) return [{ name: resourceGroup, tags: {}, isDeleting: false }]
  // Groups carry no launch, and are asked for by what they have.
  const { launch: _launch, ids: _ids, ...rest } = selector
  return (await knownGroups(azure, calls)).filter(({ tags }) => {
    // A name's claim holds no instances.
    return tags[TAG.uid] !== undefined && tags[NAME_TAG] === undefined && tagsMatch(tags, rest)
  })
}

/** Those that are listed, and those that were claimed here a moment ago and that the list does not have yet. */
export async function knownGroups(azure: Azure, calls: Calls): Promise<readonly Group[]> {
  const listed = await taggedGroups(azure, calls)
  const known = new Set(listed.map(({ name }) => name.toLowerCase()))
  const recent = [...azure.claims.keys()].filter((name) => !known.has(name) && recencyOf(azure, name, calls).isRecent)
  const read = await Promise.all(recent.map((name) => readGroup(azure, name, calls)))
  return [...listed, ...read.flatMap((group) => group ?? [])]
}

/**
 * The location's groups, with their tags. All of the subscription are read: there are at most 980, which is one page, and
 * it is not documented how late ARM's own filter by tag finds a new one (azure.group-filter).
 */
export async function taggedGroups(azure: Azure, calls: Calls): Promise<readonly Group[]> {
  const { location } = azure.options
  const path = `${listPath(azure)}?api-version=${RESOURCES}`
  const groups = await itemsOf<NativeGroup>(azure, calls, "ResourceGroups_List", path, {
    what: "listing resource groups",
  })
  return groups.filter((group) => group.location.toLowerCase().replaceAll(" ", "") === location).map(groupOf)
}

function groupOf({ name, tags = {}, properties }: NativeGroup): Group {
  return { name, tags, isDeleting: /^deleting$/i.test(properties?.provisioningState ?? "") }
}

/** `undefined` where there is none. */
export async function readGroup(azure: Azure, name: string, calls: Calls): Promise<Group | undefined> {
  const info = { what: `reading resource group ${name}`, accepts: [404], member: "id" }
  const reply = await arm(azure, calls, "ResourceGroups_Get", { method: "GET", path: pathOf(azure, name) }, info)
  return reply.status > 299 ? undefined : groupOf(reply.body as NativeGroup)
}

export async function putGroup(azure: Azure, name: string, tags: Tags, calls: Calls): Promise<void> {
  const body = { location: azure.options.location, tags }
  const info = { what: `making resource group ${name} in ${azure.options.location}`, member: "id" }
  await arm(azure, calls, "ResourceGroups_CreateOrUpdate", { method: "PUT", path: pathOf(azure, name), body }, info)
}

/** For a request about a group: whether it was claimed, or seen, here so short a while ago that "there is none" says nothing. */
export function recencyOf(azure: Azure, group: string, calls: Calls): Pick<RequestInfo, "isRecent"> {
  const { at = Number.NEGATIVE_INFINITY } = azure.claims.get(group.toLowerCase()) ?? {}
  return calls.now() - at < PROPAGATION_MS ? { isRecent: true } : {}
}

/** Accepted, Azure completes it whatever becomes of this process. A group that is deleted already is success. */
export async function deleteGroup(azure: Azure, name: string, calls: Calls): Promise<void> {
  const types = "Microsoft.Compute/virtualMachines,Microsoft.Compute/virtualMachineScaleSets"
  const path = `${pathOf(azure, name)}&forceDeletionTypes=${encodeURIComponent(types)}`
  const info = { what: `deleting resource group ${name}`, accepts: [404], ...recencyOf(azure, name, calls) }
  try {
    await arm(azure, calls, "ResourceGroups_Delete", { method: "DELETE", path }, info)
  } catch (error) {
    if (!(error instanceof OwnershipError)) throw error
  }
}

/** "Resource Groups - Create Or Update" spells it in lower case, and not every double of it takes another. */
function pathOf(azure: Azure, name: string): string {
  return `${listPath(azure)}/${encodeURIComponent(name)}?api-version=${RESOURCES}`
}

function listPath({ options }: Azure): string {
  return `${subscriptionPath(options.subscriptionId)}/resourcegroups`
}
