/** Starts what was made and has no process yet: whoever made it had no time to. */
import { isOurs } from "../../../src/fleet/tags.js"
import type { Owner } from "../../../src/provider.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import { observeAll, type Sighting } from "../observe/instance.js"
import { isOfLaunch } from "../client/record.js"
import { startWatchdogs } from "./start.js"

/** Starts those of this launch call, made by an earlier sending. */
export async function resumeLaunched(
  layout: Layout,
  host: Host,
  names: readonly string[],
  token: string,
): Promise<void> {
  const sightings = await observeAll(layout, host, names)
  await start(
    layout,
    sightings.filter(({ record }) => isOfLaunch(record, token)),
  )
}

/**
 * Starts all of a cluster's. For whoever takes it over from a process that died between the directory and its supervisor:
 * a cloud would boot it whatever becomes of who asked for it, and without a journal nobody sends that launch call again.
 */
export async function resumeCluster(layout: Layout, host: Host, owner: Owner): Promise<void> {
  const sightings = await observeAll(layout, host)
  await start(
    layout,
    sightings.filter(({ record }) => isOurs(record.tags, owner)),
  )
}

async function start(layout: Layout, sightings: readonly Sighting[]): Promise<void> {
  const unstarted = sightings.filter(isUnstarted).map(({ record }) => record)
  const failed = (await startWatchdogs(layout, unstarted)).find((one) => one.status === "rejected")
  if (failed !== undefined) throw failed.reason
}

function isUnstarted({ untouched, state }: Sighting): boolean {
  return untouched && state === "pending"
}
