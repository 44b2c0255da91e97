/** Leases: a supervisor ends its instance when no process renews the lease in time. A file in the directory holds the lease's end. */
import { leaseName, leaseText } from "../client/lease-file.js"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import pLimit from "p-limit"
import { TAG } from "../../../src/fleet/tags.js"
import type { Calls, Instance } from "../../../src/provider.js"
import { checkRoot, readText, unlessMissing } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { toCloudError } from "../client/errors.js"
import { isOfLaunch, parseRecord, PROVIDER, recordName } from "../client/record.js"
import { isInstance } from "../client/safe.js"

/** Files written at the same time: more does not help the four threads that Node writes files with. */
const WRITERS = 16

/**
 * Puts off the end of these instances' leases. One that is gone, is another by now, or has no lease, is left alone.
 *
 * @param until seconds since 1970.
 */
export async function renewLeases(
  layout: Layout,
  instances: readonly Instance[],
  until: number,
  calls: Calls,
): Promise<void> {
  await calls.send("local.renew", {}, async () => {
    await checkRoot(layout)
    const limit = pLimit(WRITERS)
    const renewed = await Promise.allSettled(instances.map((one) => limit(() => renewOne(layout, one, until))))
    const refused = renewed.find((outcome) => outcome.status === "rejected")
    if (refused !== undefined)
      throw toCloudError(`renewing leases in ${layout.root}`, refused.reason, { provider: PROVIDER })
  })
}

/** In place: a full disk has room for it, a reader sees all of the one or the other, and none comes where there was none. */
async function renewOne(layout: Layout, instance: Instance, until: number): Promise<void> {
  const here = layout.instance(instance.id)
  const text = isInstance(layout, instance.id) ? await readText(join(here, recordName)) : undefined
  if (text === undefined || !isOfLaunch(parseRecord(here, text), instance.tags[TAG.launch] ?? "")) return
  await unlessMissing(writeFile(join(here, leaseName), leaseText(until), { flag: "r+" }))
}
