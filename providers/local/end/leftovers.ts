/** Leftovers beside instances: directories of clusters, directories of instances that ended by themselves, and stale claims. */
import { readdir, rename } from "node:fs/promises"
import { join } from "node:path"
import { RejectedError } from "../../../src/errors.js"
import { TAG, tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Leftover, Selector } from "../../../src/provider.js"
import { type Claim, freeStale, isStale, readClaims } from "../client/claims.js"
import { checkRoot, clusterKey, uniqueName, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { toCloudError } from "../client/errors.js"
import { type Host, readHost } from "../client/host.js"
import { observe, observeAll } from "../observe/instance.js"
import { currentClaim, type NameClaim } from "../prepare/ownership.js"
import { instancesOf } from "../observe/living.js"
import { PROVIDER, REGION } from "../client/record.js"
import { remove, removeGrave } from "../client/remove.js"

const KIND = { cluster: "cluster directory", instance: "ended instance", claim: "stale claim" } as const

/** How the names begin of directories that are being removed. */
const REMOVED = "removed"

/** Reads only. */
export async function findLeftovers(layout: Layout, selector: Selector, calls: Calls): Promise<readonly Leftover[]> {
  return calls.send("local.leftovers", {}, async () => {
    try {
      await checkRoot(layout)
      const host = readHost()
      const found = [
        ...(await endedInstances(layout, host)),
        ...(await staleClaims(layout, host)),
        ...(await clusters(layout)),
      ]
      return found.filter((leftover) => tagsMatch(leftover.tags, selector))
    } catch (error) {
      throw toCloudError(`looking for leftovers in ${layout.root}`, error, { provider: PROVIDER })
    }
  })
}

/**
 * Removes them. What has come to life again meanwhile is left alone.
 *
 * @throws RejectedError for the directory of a cluster that still has instances.
 */
export async function removeLeftovers(layout: Layout, leftovers: readonly Leftover[], calls: Calls): Promise<void> {
  await calls.send("local.remove", {}, async () => {
    try {
      await checkRoot(layout)
      const host = readHost()
      // Clusters last: the others write down in their directories what they remove.
      const ordered = [...leftovers].sort((a, b) => Number(a.kind === KIND.cluster) - Number(b.kind === KIND.cluster))
      for (const leftover of ordered) await removeOne(layout, host, leftover)
    } catch (error) {
      throw toCloudError(`removing leftovers in ${layout.root}`, error, { provider: PROVIDER })
    }
  })
}

async function endedInstances(layout: Layout, host: Host): Promise<readonly Leftover[]> {
  const dead = (await observeAll(layout, host)).filter(({ state }) => state === "terminated" || state === "gone")
  return dead.map(({ record }) => leftoverOf(KIND.instance, record.name, record.tags))
}

async function staleClaims(layout: Layout, host: Host): Promise<readonly Leftover[]> {
  const claims = await readClaims(layout)
  const stale = await Promise.all(claims.map((claim) => isStale(layout, host, claim)))
  const found = claims.filter((_, index) => stale[index])
  const tags = await Promise.all(found.map((claim) => claimTags(layout, claim)))
  return found.map((claim, index) => leftoverOf(KIND.claim, claim.file, tags[index] ?? {}))
}

async function clusters(layout: Layout): Promise<readonly Leftover[]> {
  const keys = (await unlessMissing(readdir(layout.clusters))) ?? []
  const claims = await Promise.all(keys.map((key) => currentClaim(layout, key)))
  return claims
    .filter((claim) => claim !== undefined)
    .map((claim) => leftoverOf(KIND.cluster, clusterKey(claim), nameTags(claim)))
}

function leftoverOf(kind: string, id: string, tags: Readonly<Record<string, string>>): Leftover {
  return { kind, id, region: REGION, tags, shared: false }
}

function nameTags(claim: NameClaim): Record<string, string> {
  const { cluster, uid, owner, generation, deadline, holder } = claim
  return {
    [TAG.cluster]: cluster,
    [TAG.uid]: uid,
    [TAG.owner]: owner,
    [TAG.generation]: String(generation),
    ...(deadline === undefined ? {} : { [TAG.deadline]: deadline }),
    ...(holder === undefined ? {} : { [TAG.holder]: holder }),
  }
}

/**
 * A stale claim belongs to the current owner of the cluster's name. An owner that dies in its first launch, with no journal,
 * leaves nothing else that tells its uid, so the next owner has another uid.
 */
async function claimTags(layout: Layout, claim: Claim): Promise<Record<string, string>> {
  const [owner = "", cluster = ""] = claim.cluster.split("+").map(decodeURIComponent)
  const holder = await currentClaim(layout, claim.cluster)
  return { [TAG.cluster]: cluster, [TAG.uid]: holder?.uid ?? claim.uid, [TAG.owner]: owner }
}

async function removeOne(layout: Layout, host: Host, leftover: Leftover): Promise<void> {
  if (leftover.kind === KIND.cluster) return removeCluster(layout, host, leftover)
  if (leftover.kind === KIND.claim) {
    const claim = (await readClaims(layout)).find(({ file }) => file === leftover.id)
    if (claim === undefined || !(await isStale(layout, host, claim))) return
    if ((await claimTags(layout, claim))[TAG.uid] === leftover.tags[TAG.uid]) await freeStale(layout, claim)
    return
  }
  const observation = leftover.kind === KIND.instance ? await observe(layout, host, leftover.id) : undefined
  const isSame = observation?.record.tags[TAG.launch] === leftover.tags[TAG.launch]
  if (observation && isSame && (observation.state === "terminated" || observation.state === "gone")) {
    await remove(layout, observation.record)
  }
}

/** In one rename first, so that no claim is made in a directory half removed. */
async function removeCluster(layout: Layout, host: Host, leftover: Leftover): Promise<void> {
  const claim = await currentClaim(layout, leftover.id)
  if (claim === undefined || claim.uid !== leftover.tags[TAG.uid]) return
  const live = await instancesOf(layout, host, claim)
  if (live > 0) {
    throw new RejectedError(
      `removing the directory of cluster ${claim.cluster}: ${live} instances still live; terminate these first`,
      { code: "InstancesLive" },
    )
  }
  // With it go those that a removal before this one did not finish.
  for (const name of await readdir(layout.root)) {
    if (name.startsWith(REMOVED)) await removeGrave(join(layout.root, name))
  }
  const grave = join(layout.root, uniqueName(REMOVED))
  if ((await unlessMissing(rename(layout.cluster(leftover.id).path, grave).then(() => true))) !== true) return
  await removeGrave(grave)
}
