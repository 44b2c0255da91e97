/** What there is: every directory, or it throws. */
import pLimit from "p-limit"
import { tagsMatch } from "../../../src/fleet/tags.js"
import type { Calls, Instance, Selector } from "../../../src/provider.js"
import { checkRoot } from "../client/directory.js"
import type { Layout } from "../client/layout.js"
import { isErrno, toCloudError } from "../client/errors.js"
import { lookAtHost } from "../client/host.js"
import { endOf, observeAll, type Sighting } from "./instance.js"
import { type InstanceRecord, PROVIDER, toInstance } from "../client/record.js"
import { remove } from "../client/remove.js"

/** Directories removed at the same time. */
const REMOVERS = 8

/**
 * The instances that the selector asks for. Those whose processes are all gone while nobody was left to tidy up (a crash,
 * a restart of the machine) are tidied up here, unless nothing may be changed; they are reported no more.
 */
export async function listInstances(layout: Layout, selector: Selector, calls: Calls): Promise<readonly Instance[]> {
  return calls.send("local.list", {}, async () => {
    try {
      await checkRoot(layout)
      const sightings = await observeAll(layout, lookAtHost(), selector.ids)
      const selected = sightings.filter((sighting) => tagsMatch(sighting.record.tags, selector))
      const gone = selected.filter((sighting) => sighting.state === "gone")
      const limit = pLimit(REMOVERS)
      if (!calls.readOnly) await Promise.all(gone.map(({ record }) => limit(() => tidy(layout, record))))
      return selected.flatMap(toSeen).filter((instance) => isSelected(instance, selector))
    } catch (error) {
      throw toCloudError(`listing instances in ${layout.root}`, error, { provider: PROVIDER })
    }
  })
}

/** On a disk that is full or read-only it stays as it is, and is gone all the same. */
async function tidy(layout: Layout, record: InstanceRecord): Promise<void> {
  try {
    await remove(layout, record)
  } catch (error) {
    if (!isErrno(error, "ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM")) throw error
  }
}

function toSeen(sighting: Sighting): readonly Instance[] {
  return sighting.state === "gone" ? [] : [toInstance(sighting.record, sighting.state, endOf(sighting))]
}

function isSelected(instance: Instance, selector: Selector): boolean {
  return (selector.states?.includes(instance.state) ?? true) && (selector.zones?.includes(instance.zone) ?? true)
}
