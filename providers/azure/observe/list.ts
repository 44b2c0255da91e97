import { generationOf, latestTagsOf, TAG, tagsMatch, takenTags } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import { placeOf, vmId, type VmPlace } from "../client/ids.js"
import type { Azure } from "../client/send.js"
import { clusterGroups, type Group } from "../prepare/group.js"
import { withAddresses } from "./addresses.js"
import { failureOf, hasFailed, type NativeVm, toInstance } from "./instance.js"
import { withPower } from "./power.js"
import { readVm, vmsIn } from "./vms.js"

/** More ids than this are looked up in lists first: each GET costs as much as a page of a list. */
const FEW_IDS = 10

/** Only what was launched from here may be too young for lists; nothing is asked of what another process's list lacks. */
function mayBeUnlisted({ options, claims }: Azure, { group }: VmPlace): boolean {
  return options.resourceGroup !== undefined || claims.has(group.toLowerCase())
}

/**
 * All instances that match, from every page of every group of theirs; a page that cannot be read fails the whole list.
 * Ids are read one by one where they are few, or where lists may not have them yet. Only of VMs that have failed the reason is read.
 *
 * Of those that run, and have for some minutes, one more list tells which have stopped.
 */
export async function list(azure: Azure, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  calls.signal.throwIfAborted()
  const { ids } = selector
  const { subscriptionId, location } = azure.options
  const groups = ids === undefined ? await clusterGroups(azure, selector, calls) : []
  const natives = ids === undefined ? await listed(azure, groups, calls) : await withIds(azure, ids, calls)
  // A VM without Muster's tags belongs to another owner, and is not read.
  const ours = natives
    .filter(({ tags }) => tags?.[TAG.uid] !== undefined)
    .map((native) => ({ native, instance: toInstance(native, subscriptionId, calls.now()) }))
    .filter(({ instance }) => isOurs(instance, selector, location))
  const powered = mayBeStopped(selector) ? await withPower(azure, ours, calls) : ours
  const matching = powered.filter(({ instance }) => selector.states?.includes(instance.state) ?? true)
  const instances = await Promise.all(
    matching.map(async ({ native, instance }) =>
      hasFailed(native) ? withReason(azure, native, instance, calls) : instance,
    ),
  )
  return withAddresses(azure, withClaims(instances, groups), calls)
}

/**
 * A cluster that was taken over tells so on its instances: the later generation has claimed a group of its own. A delete claims one
 * as well, and holds nothing: it has no holder.
 */
function withClaims(instances: readonly Instance[], groups: readonly Group[]): readonly Instance[] {
  const held = groups.filter(({ isDeleting, tags }) => !isDeleting && tags[TAG.holder] !== undefined)
  const latest = latestTagsOf(held.map(({ tags }) => tags))
  if (latest === undefined) return instances
  const generation = generationOf(latest)
  const { [TAG.uid]: uid, [TAG.holder]: holder } = latest
  return instances.map((instance) => {
    const { tags } = instance
    const isTaken = uid === tags[TAG.uid] && generation > generationOf(tags)
    const taken = takenTags({ generation, ...(holder === undefined ? {} : { holder }) })
    return isTaken ? { ...instance, tags: { ...tags, ...taken } } : instance
  })
}

function mayBeStopped({ states }: Selector): boolean {
  return states === undefined || states.includes("running") || states.includes("stopped")
}

async function listed(azure: Azure, groups: readonly Group[], calls: Calls): Promise<readonly NativeVm[]> {
  const isKnown = azure.options.resourceGroup === undefined
  const lists = await Promise.all(
    groups.map(({ name, isDeleting }) => vmsIn(azure, name, calls, isKnown && !isDeleting)),
  )
  return lists.flat()
}

async function withIds(azure: Azure, ids: readonly string[], calls: Calls): Promise<readonly NativeVm[]> {
  const { subscriptionId } = azure.options
  const wanted = new Map(
    ids.flatMap((id) => {
      const place = placeOf(id, subscriptionId)
      return place === undefined ? [] : [[vmId(subscriptionId, place.group, place.name), place] as const]
    }),
  )
  const found: NativeVm[] = []
  if (wanted.size > FEW_IDS) {
    const groups = new Set([...wanted.values()].map(({ group }) => group))
    for (const native of (await Promise.all([...groups].map((group) => vmsIn(azure, group, calls)))).flat()) {
      if (wanted.delete((native.id ?? "").toLowerCase())) found.push(native)
    }
    for (const [id, place] of wanted) if (!mayBeUnlisted(azure, place)) wanted.delete(id)
  }
  const read = await Promise.all([...wanted.values()].map((place) => readVm(azure, place, calls, "instanceView")))
  return [...found, ...read.flatMap((native) => native ?? [])]
}

async function withReason(azure: Azure, listed: NativeVm, instance: Instance, calls: Calls): Promise<Instance> {
  const place = placeOf(instance.id, azure.options.subscriptionId)
  const isKnown = listed.properties?.instanceView !== undefined || place === undefined
  const native = isKnown ? listed : await readVm(azure, place, calls, "instanceView")
  return { ...instance, failure: failureOf(instance, native?.properties?.instanceView ?? {}) }
}

/** Whatever is asked, other people's VMs are not: in a given group there may be some. */
function isOurs(instance: Instance, selector: Selector, location: string): boolean {
  return (
    instance.region === location &&
    tagsMatch(instance.tags, selector) &&
    (selector.zones?.includes(instance.zone) ?? true)
  )
}
