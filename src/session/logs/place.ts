/** Place: where the log of a worker is, and how it is reached. */
import { workerName } from "../../fleet/reports/worker.js"
import type { WorkerRecord } from "../../fleet/roster/worker-record.js"
import type { Fleet } from "../../fleet/state/context.js"
import { LOG_FILE } from "../../guest/marks.js"
import { localRemote } from "../../remote/local.js"
import type { LogPlace } from "../../remote/logs/read.js"

/** Undefined where nobody asked for access, or it does not run: then its console tells what there is. */
export function logPlaceOf(fleet: Fleet, worker: WorkerRecord): LogPlace | undefined {
  const { provider, instance, group, state } = worker
  if (state !== "running" && state !== "interrupted" && state !== "terminating") return undefined
  const route = provider.route?.(instance)
  const name = workerName(instance, group)
  if (route === undefined) return undefined
  if (route.kind === "local") {
    if (route.log === undefined) return undefined
    // By no word of the worker's: what reads its log does not end with it.
    const remote = localRemote({ words: ["/usr/bin/env"], address: route.address }, fleet.clock)
    return { worker: name, path: route.log, file: route.log, remote: () => Promise.resolve(remote) }
  }
  if (fleet.access === undefined) return undefined
  const remote = async () => {
    const { sshWaysOf } = await import("../ssh-ways.js")
    return sshWaysOf(fleet).remoteOf(worker, route)
  }
  return { worker: name, path: LOG_FILE, remote }
}
