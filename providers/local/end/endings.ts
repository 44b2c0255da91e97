/** Endings: who has ended what has vanished. A process that ends what another one holds notes it where that one looks. */
import { lstat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, EndedBy, Failure, Instance, Interruptions } from "../../../src/provider.js"
import { clusterKey, PRIVATE_FILE, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import { PROVIDER } from "../client/record.js"
import { verdictName } from "../observe/instance.js"
import { currentClaim } from "../prepare/ownership.js"

/** An instance ends at its deadline, or its grace and a look before it. */
const DUE_MS = 3_000

/** Notes each of them for the process that has claimed its cluster, unless that is this one. What cannot be noted ends all the same. */
export async function noteEndings(layout: Layout, host: Host, instances: readonly Instance[]): Promise<void> {
  for (const [key, some] of byCluster(instances)) {
    const claim = await currentClaim(layout, key).catch(() => undefined)
    if (claim === undefined || claim.maker === host.self) continue
    const noted = some.map(({ id }) =>
      writeFile(noteOf(layout, key, id), host.self, { mode: PRIVATE_FILE }).catch(() => {}),
    )
    await Promise.all(noted)
  }
}

/**
 * Why instances vanished that nobody here has ended: another process has, or their cluster; or their processes were killed. Those that
 * their guests have ended, or that end about their deadline, have no reason here. This machine itself takes none away.
 */
export async function endingsOf(
  layout: Layout,
  graceMs: number,
  instances: readonly Instance[],
  calls: Calls,
): Promise<Interruptions> {
  return calls.send("local.endings", {}, async () => {
    const vanished = instances.filter(({ state }) => state === "terminated")
    const endings: { readonly id: string; readonly by: EndedBy }[] = []
    const reasons: { readonly id: string; readonly failure: Failure }[] = []
    const dueBy = calls.now() + graceMs + DUE_MS
    for (const [key, some] of byCluster(vanished)) {
      const isDeleted = (await unlessMissing(lstat(layout.cluster(key).path))) === undefined
      for (const instance of some) {
        const { id, tags } = instance
        const isNoted = isDeleted || (await unlessMissing(lstat(noteOf(layout, key, id)))) !== undefined
        if (isNoted) endings.push({ id, by: "muster" })
        else if (Number(tags[TAG.deadline]) * 1000 > dueBy && !(await hasVerdict(layout, id)))
          reasons.push({ id, failure: killed(instance) })
      }
    }
    return { notices: [], reasons, endings }
  })
}

async function hasVerdict(layout: Layout, id: string): Promise<boolean> {
  return (await unlessMissing(lstat(join(layout.instance(id), verdictName)))) !== undefined
}

function killed({ id, region, zone, instanceType }: Instance): Failure {
  const message = `the processes of ${id} were killed, by none of Muster's`
  const scope = { provider: PROVIDER, region, zone, instanceType }
  return { reason: "interrupted", count: 1, scope, ttlMs: 0, code: "Killed", message }
}

function noteOf(layout: Layout, key: string, id: string): string {
  return join(layout.cluster(key).path, `ended-${id}`)
}

function byCluster(instances: readonly Instance[]): ReadonlyMap<string, readonly Instance[]> {
  const clusters = new Map<string, Instance[]>()
  for (const instance of instances) {
    const { tags } = instance
    const [cluster, owner] = [tags[TAG.cluster], tags[TAG.owner]]
    if (cluster === undefined || owner === undefined) continue
    const key = clusterKey({ cluster, owner })
    clusters.set(key, [...(clusters.get(key) ?? []), instance])
  }
  return clusters
}
