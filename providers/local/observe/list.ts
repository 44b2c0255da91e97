/** List: reads every directory of an instance, or throws. */
import pLimit from "p-limit"
import { generationOf, TAG, tagsMatch, takenTags } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import { checkRoot, clusterKey } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { isErrno, toCloudError } from "../client/errors.js"
import { readHost } from "../client/host.js"
import { endOf, observeAll, type Observation } from "./instance.js"
import { type InstanceRecord, PROVIDER, toInstance } from "../client/record.js"
import { remove } from "../client/remove.js"
import { currentClaim, type NameClaim } from "../prepare/ownership.js"

/** Directories removed at the same time. */
const REMOVERS = 8

/**
 * The instances that match the selector. Instances whose processes all ended without a supervisor (a crash, a restart of the
 * machine) are removed here, unless nothing may be changed; they are not reported.
 */
export async function listInstances(layout: Layout, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  return calls.send("local.list", {}, async () => {
    try {
      await checkRoot(layout)
      const observations = await observeAll(layout, readHost(), selector.ids)
      const selected = observations.filter((observation) => tagsMatch(observation.record.tags, selector))
      const gone = selected.filter((observation) => observation.state === "gone")
      const limit = pLimit(REMOVERS)
      if (!calls.readOnly) await Promise.all(gone.map(({ record }) => limit(() => tidy(layout, record))))
      const instances = selected.flatMap(toInstances).filter((instance) => isSelected(instance, selector))
      return await withClaims(layout, instances)
    } catch (error) {
      throw toCloudError(`listing instances in ${layout.root}`, error, { provider: PROVIDER })
    }
  })
}

/**
 * A cluster that was taken over tells so on its instances: the claim of its name is read once for each list. A delete claims it as
 * well, and holds nothing: it has no holder.
 */
async function withClaims(layout: Layout, instances: readonly Instance[]): Promise<readonly Instance[]> {
  const claims = new Map<string, NameClaim | undefined>()
  for (const { tags } of instances) {
    const key = keyIn(tags)
    if (!claims.has(key)) claims.set(key, await currentClaim(layout, key).catch(() => undefined))
  }
  return instances.map((instance) => {
    const { tags } = instance
    const claim = claims.get(keyIn(tags))
    const isLater = claim !== undefined && claim.uid === tags[TAG.uid] && claim.generation > generationOf(tags)
    const isTaken = isLater && claim.holder !== undefined
    return isTaken ? { ...instance, tags: { ...tags, ...takenTags(claim) } } : instance
  })
}

function keyIn(tags: Instance["tags"]): string {
  return clusterKey({ cluster: tags[TAG.cluster] ?? "", owner: tags[TAG.owner] ?? "" })
}

/** On a full or read-only disk the directory stays, and the instance still counts as ended. */
async function tidy(layout: Layout, record: InstanceRecord): Promise<void> {
  try {
    await remove(layout, record)
  } catch (error) {
    if (!isErrno(error, "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM")) throw error
  }
}

function toInstances(observation: Observation): readonly Instance[] {
  return observation.state === "gone" ? [] : [toInstance(observation.record, observation.state, endOf(observation))]
}

function isSelected(instance: Instance, selector: Selector): boolean {
  return (selector.states?.includes(instance.state) ?? true) && (selector.zones?.includes(instance.zone) ?? true)
}
