/** Starts what was made and has no process yet: whoever made it had no time to. */
import pLimit from "p-limit"
import { isOurs } from "../../src/fleet/tags.js"
import type { Owner } from "../../src/provider.js"
import type { Layout } from "./directory.js"
import type { Host } from "./host.js"
import { startScript } from "./make.js"
import { observe, observeAll, type Sighting } from "./observe.js"
import { isOfLaunch } from "./record.js"

/** Shells started at the same time; two cores are soon full of them. */
const STARTERS = 8

/** Starts one instance, if it is of this launch call. A second start of the same one ends at once: `watch` is exclusive. */
export async function resumeLaunched(layout: Layout, host: Host, name: string, token: string): Promise<void> {
  const sighting = await observe(layout, host, name)
  if (sighting !== undefined && isUnstarted(sighting) && isOfLaunch(sighting.record, token))
    await startScript(layout, sighting.record, "watch")
}

/**
 * Starts all of a cluster's. For whoever takes it over from a process that died between the directory and its supervisor:
 * a cloud would boot it whatever becomes of who asked for it, and without a journal nobody sends that launch call again.
 */
export async function resumeCluster(layout: Layout, host: Host, owner: Owner): Promise<void> {
  const limit = pLimit(STARTERS)
  const sightings = await observeAll(layout, host)
  const unstarted = sightings.filter((sighting) => isUnstarted(sighting) && isOurs(sighting.record.tags, owner))
  await Promise.all(unstarted.map(({ record }) => limit(() => startScript(layout, record, "watch"))))
}

function isUnstarted({ untouched, state }: Sighting): boolean {
  return untouched && state === "pending"
}
