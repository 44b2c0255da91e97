/** What is not an instance: the groups of generations, the rules of the shared network, and in a given group the parts that a deleted VM left behind. */
import { MusterError, RejectedError, TransientError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import { DOOR_KIND, doorLeftovers, removeDoor, removeRules, RULE_KIND } from "../access/remains.js"
import { groupPath, lastOf, resourceOf } from "../client/ids.js"
import { itemsOf } from "../client/pages.js"
import { arm, type Azure } from "../client/send.js"
import { DISKS, NETWORK } from "../client/versions.js"
import type { Api } from "../limits.js"
import { vmsIn } from "../observe/vms.js"
import { deleteGroup, type Group, knownGroups } from "../prepare/group.js"
import { diskNameEnd, SHARED_TAG } from "../prepare/names.js"

interface Part {
  readonly kind: string
  readonly type: string
  readonly version: string
  readonly list: Api
  readonly remove: Api
  /** The property that says what uses it. */
  readonly user: string
}

/** In the order in which they can be deleted: an interface keeps its address. */
const PARTS: readonly Part[] = [
  {
    kind: "network-interface",
    type: "Microsoft.Network/networkInterfaces",
    version: NETWORK,
    list: "NetworkInterfaces_List",
    remove: "NetworkInterfaces_Delete",
    user: "virtualMachine",
  },
  {
    kind: "public-address",
    type: "Microsoft.Network/publicIPAddresses",
    version: NETWORK,
    list: "PublicIPAddresses_List",
    remove: "PublicIPAddresses_Delete",
    user: "ipConfiguration",
  },
  {
    kind: "disk",
    type: "Microsoft.Compute/disks",
    version: DISKS,
    list: "Disks_ListByResourceGroup",
    remove: "Disks_Delete",
    user: "managedBy",
  },
]

const GROUP_KIND = "resource-group"

/** Everything of the selector's clusters that is no instance. Reads only. */
export async function leftovers(azure: Azure, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  const { resourceGroup } = azure.options
  const groups = await knownGroups(azure, calls)
  const staying = groups.filter(({ isDeleting }) => !isDeleting)
  const own = staying.filter(({ tags }) => tags[TAG.uid] !== undefined && tagsMatch(tags, selector))
  const shared = staying.filter(({ tags }) => tags[SHARED_TAG] !== undefined)
  const found = [
    ...own.map((group) => groupLeftover(azure, group, false)),
    ...shared.map((group) => groupLeftover(azure, group, true)),
  ]
  const opened = await doorLeftovers(azure, staying, selector, calls)
  if (resourceGroup === undefined) return [...found, ...opened]
  return [...found, ...opened, ...(await unusedParts(azure, resourceGroup, selector, calls))]
}

function groupLeftover({ options }: Azure, { name, tags }: Group, shared: boolean): Leftover {
  return {
    kind: GROUP_KIND,
    id: `/subscriptions/${options.subscriptionId}/resourceGroups/${name}`,
    region: options.location,
    tags,
    shared,
  }
}

interface NativePart {
  readonly id?: string
  readonly location?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly managedBy?: string
  readonly properties?: Readonly<Record<string, unknown>>
}

async function unusedParts(
  azure: Azure,
  group: string,
  selector: Selector,
  calls: Calls,
): Promise<readonly Leftover[]> {
  const { subscriptionId, location } = azure.options
  const lists = await Promise.all(
    PARTS.map(async ({ kind, type, version, list, user }) => {
      const path = `${groupPath(subscriptionId, group)}/providers/${type}?api-version=${version}`
      const parts = await itemsOf<NativePart>(azure, calls, list, path, {
        what: `listing ${type} of ${group}`,
        accepts: [404],
      })
      return parts.flatMap((part): readonly Leftover[] => {
        const { id, managedBy, properties } = part
        const tags = ownTags(part, selector)
        const isUsed = Boolean(managedBy) || Boolean(properties?.[user])
        if (id === undefined || isUsed || tags === undefined || !tagsMatch(tags, selector)) return []
        return [{ kind, id, region: location, tags, shared: false }]
      })
    }),
  )
  return lists.flat()
}

/** A disk has its cluster's uid in its name instead, which no other cluster has: it proves what the caller knows of it. */
function ownTags({ id = "", tags = {} }: NativePart, { cluster, uid, owner }: Selector): Leftover["tags"] | undefined {
  if (tags[TAG.uid] !== undefined) return tags
  if (uid === undefined || !id.toLowerCase().endsWith(diskNameEnd(uid))) return undefined
  return {
    ...tags,
    [TAG.uid]: uid,
    ...(cluster === undefined ? {} : { [TAG.cluster]: cluster }),
    ...(owner === undefined ? {} : { [TAG.owner]: owner }),
  }
}

/**
 * Removes what `leftovers` found: rules first, and the application security groups that they name last. A group goes with everything in it, so it is deleted only when every VM in it is of the
 * cluster whose tags the group has. Azure goes on when the request is accepted, whatever becomes of us.
 *
 * @throws the first refusal, after all were tried; RejectedError for a group with another owner's VM in it.
 */
export async function remove(azure: Azure, found: readonly Leftover[], calls: Calls): Promise<void> {
  const rules = found.filter(({ kind }) => kind === RULE_KIND)
  const outcomes = await Promise.allSettled([removeRules(azure, rules, calls)])
  for (const kind of [GROUP_KIND, ...PARTS.map((part) => part.kind), DOOR_KIND]) {
    const chosen = found.filter((leftover) => leftover.kind === kind)
    outcomes.push(...(await Promise.allSettled(chosen.map((leftover) => removeOne(azure, leftover, calls)))))
  }
  const refused = outcomes.find((outcome) => outcome.status === "rejected")
  if (refused !== undefined) throw refused.reason
}

async function removeOne(azure: Azure, leftover: Leftover, calls: Calls): Promise<void> {
  const { kind, id, tags } = leftover
  if (kind === GROUP_KIND) return removeGroup(azure, lastOf(id), tags, calls)
  if (kind === DOOR_KIND) return removeDoor(azure, leftover, calls)
  const part = PARTS.find((known) => known.kind === kind)
  const place = resourceOf(id, azure.options.subscriptionId)
  if (part === undefined || place === undefined) return
  const path = `${groupPath(azure.options.subscriptionId, place.group)}/providers/${part.type}/${encodeURIComponent(place.name)}`
  try {
    const request = { method: "DELETE", path: `${path}?api-version=${part.version}` } as const
    await arm(azure, calls, part.remove, request, { what: `deleting ${kind} ${lastOf(id)}`, accepts: [404] })
  } catch (error) {
    throw isReserved(error) ? reserved(id, error) : error
  }
}

/** For 180 s after its VM failed or was deleted, no other VM can use it ("NicReservedForAnotherVm"). */
function isReserved(error: unknown): error is MusterError {
  return error instanceof MusterError && error.code === "NicReservedForAnotherVm"
}

function reserved(id: string, cause: MusterError): TransientError {
  return new TransientError(`${cause.message}; Azure holds ${lastOf(id)} for 180 s: remove it again after that`, {
    code: cause.code,
    cause,
  })
}

async function removeGroup(azure: Azure, name: string, tags: Leftover["tags"], calls: Calls): Promise<void> {
  const vms = await vmsIn(azure, name, calls)
  const foreign = vms.find((vm) => vm.tags?.[TAG.uid] !== tags[TAG.uid])
  if (foreign === undefined) return deleteGroup(azure, name, calls)
  const message = `deleting resource group ${name}: ${lastOf(foreign.id ?? "")} in it is not this cluster's; move it elsewhere, and delete again`
  throw new RejectedError(message, { code: "ForeignVm" })
}
