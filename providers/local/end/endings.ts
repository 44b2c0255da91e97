/** Endings: who has ended what has vanished. A process that ends what another one holds notes it where that one looks. */
import { lstat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, EndedBy, Instance, Interruptions } from "../../../src/provider.js"
import { clusterKey, PRIVATE_FILE, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import { currentClaim } from "../prepare/ownership.js"

/** Notes each of them for the process that has claimed its cluster, unless that is this one. What cannot be noted ends all the same. */
export async function noteEndings(layout: Layout, host: Host, instances: readonly Instance[]): Promise<void> {
  for (const [key, ids] of byCluster(instances)) {
    const claim = await currentClaim(layout, key).catch(() => undefined)
    if (claim === undefined || claim.maker === host.self) continue
    const noted = ids.map((id) => writeFile(noteOf(layout, key, id), host.self, { mode: PRIVATE_FILE }).catch(() => {}))
    await Promise.all(noted)
  }
}

/** The instances that vanished because another process has ended them, or their cluster. This machine itself takes none away. */
export async function endingsOf(layout: Layout, instances: readonly Instance[], calls: Calls): Promise<Interruptions> {
  return calls.send("local.endings", {}, async () => {
    const vanished = instances.filter(({ state }) => state === "terminated")
    const endings: { readonly id: string; readonly by: EndedBy }[] = []
    for (const [key, ids] of byCluster(vanished)) {
      const isDeleted = (await unlessMissing(lstat(layout.cluster(key).path))) === undefined
      for (const id of ids) {
        const isNoted = isDeleted || (await unlessMissing(lstat(noteOf(layout, key, id)))) !== undefined
        if (isNoted) endings.push({ id, by: "muster" })
      }
    }
    return { notices: [], reasons: [], endings }
  })
}

function noteOf(layout: Layout, key: string, id: string): string {
  return join(layout.cluster(key).path, `ended-${id}`)
}

function byCluster(instances: readonly Instance[]): ReadonlyMap<string, readonly string[]> {
  const clusters = new Map<string, string[]>()
  for (const { id, tags } of instances) {
    const [cluster, owner] = [tags[TAG.cluster], tags[TAG.owner]]
    if (cluster === undefined || owner === undefined) continue
    const key = clusterKey({ cluster, owner })
    clusters.set(key, [...(clusters.get(key) ?? []), id])
  }
  return clusters
}
