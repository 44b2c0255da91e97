/** Replace: which workers no longer do their work and must go, and when to stop making new ones. Pure. */
import type { Failure } from "../provider.js"
import { mayLive } from "./lifecycle.js"
import type { WorkerRecord } from "./roster.js"

/** Failed boots in a row after which a group is given up: the next one would fail as well, and cost. */
export const MOST_FAILED_BOOTS = 10

/** A worker that has run for so long has booted well, whatever happens to it later. */
const BOOTED_MS = 60_000

/**
 * The workers to terminate: failed ones, which are still there, and all of them once the cluster's deadline has passed.
 * Interrupted and lost ones need no call of ours; they no longer count and the plan makes up for them.
 */
export function toEnd(workers: readonly WorkerRecord[], now: number, deadlineMs: number): WorkerRecord[] {
  if (now >= deadlineMs) return workers.filter((worker) => mayLive(worker.state) && worker.state !== "terminating")
  return workers.filter((worker) => worker.state === "failed")
}

/** The failure that ends a group's launches; undefined while boots go well enough. */
export function tripped(workers: readonly WorkerRecord[], since: number, now: number): Failure | undefined {
  const recent = workers.filter((worker) => worker.knownSince >= since).sort((a, b) => b.knownSince - a.knownSince)
  let failed = 0
  for (const worker of recent) {
    if (worker.failure?.reason === "boot") failed += 1
    else if (worker.state === "running" && now - worker.since >= BOOTED_MS) break
  }
  if (failed < MOST_FAILED_BOOTS) return undefined
  return recent.find((worker) => worker.failure?.reason === "boot")?.failure
}
