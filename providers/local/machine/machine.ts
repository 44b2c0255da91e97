/** What this machine, or the container that it looks like, offers by default, and what users should know of it. */
import type { CgroupLimits } from "./cgroup.js"

export interface Machine {
  readonly vcpus: number
  readonly memoryGiB: number
  readonly notes: readonly string[]
}

const BYTES_PER_GIB = 2 ** 30

/** What may be used of this machine: whole cores, because a worker that asks for one wants a place here all the same. */
export function machineOf(has: Required<CgroupLimits>, limits: CgroupLimits): Machine {
  const cores = Math.min(has.cores, limits.cores ?? has.cores)
  const memoryBytes = Math.min(has.memoryBytes, limits.memoryBytes ?? has.memoryBytes)
  return {
    vcpus: Math.max(1, Math.floor(cores)),
    memoryGiB: Math.max(0.01, Math.floor((memoryBytes / BYTES_PER_GIB) * 100) / 100),
    notes:
      cores < 1
        ? [`this container may use ${Number(cores.toFixed(2))} of a core: local-1 is that share, not a whole core`]
        : [],
  }
}

/**
 * Orphans become children of process 1, and only their parent can take their exit status. Node does so for what it started
 * itself, so of each instance some processes would stay as zombies, each with its number. Node has no call to change that.
 */
export function notesOfProcess(pid: number): readonly string[] {
  if (pid !== 1) return []
  return [
    "this process is number 1 of its container and reaps no orphans: what ended instances leave stays as zombies, until the " +
      "limit on processes is reached; start the container with an init (docker run --init, or tini as its entry point)",
  ]
}
