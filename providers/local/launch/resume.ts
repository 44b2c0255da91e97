/** Resume: starts instances whose directory was made but whose maker ended before it started them. */
import { isOurs } from "../../../src/fleet/tags.js"
import type { Owner } from "../../../src/provider.js"
import type { Layout } from "../client/layout.js"
import type { Host } from "../client/host.js"
import { observeAll, type Observation } from "../observe/instance.js"
import { isOfLaunch } from "../client/record.js"
import { startWatchdogs } from "./start.js"

/** Starts the instances that an earlier attempt of this launch call made. */
export async function resumeLaunched(
  layout: Layout,
  host: Host,
  names: readonly string[],
  token: string,
): Promise<void> {
  const observations = await observeAll(layout, host, names)
  await start(
    layout,
    observations.filter(({ record }) => isOfLaunch(record, token)),
  )
}

/**
 * Starts all unstarted instances of a cluster. It is for a process that takes the cluster over from one which ended between making
 * a directory and starting its supervisor: a cloud would boot the instance all the same, and without a journal the launch call is
 * not sent again.
 */
export async function resumeCluster(layout: Layout, host: Host, owner: Owner): Promise<void> {
  const observations = await observeAll(layout, host)
  await start(
    layout,
    observations.filter(({ record }) => isOurs(record.tags, owner)),
  )
}

async function start(layout: Layout, observations: readonly Observation[]): Promise<void> {
  const unstarted = observations.filter(isUnstarted).map(({ record }) => record)
  const failed = (await startWatchdogs(layout, unstarted)).find((one) => one.status === "rejected")
  if (failed !== undefined) throw failed.reason
}

function isUnstarted({ unstarted, state }: Observation): boolean {
  return unstarted && state === "pending"
}
