/** One group of a cluster, as users see it. */
import type { ScaleResult } from "../fleet/scaling/target.js"
import type { Worker } from "../fleet/reports/worker.js"
import type { ScaleOptions, ScaleTarget } from "../verbs/verbs.js"

export interface Group {
  readonly name: string
  readonly desired: number
  readonly workers: readonly Worker[]
  /** Scales this group alone. @throws what `Cluster.scale` throws. */
  scale(count: number, options?: ScaleOptions): Promise<ScaleResult>
}

/** The cluster that a group is a view of. */
export interface Grouped {
  readonly workers: readonly Worker[]
  scale(target: ScaleTarget, options?: ScaleOptions): Promise<ScaleResult>
}

/** A live view of one group. */
export function groupOf(cluster: Grouped, name: string, desired: () => number): Group {
  return {
    name,
    scale: (count, options) => cluster.scale({ [name]: count }, options),
    get workers() {
      return cluster.workers.filter((worker) => worker.group === name)
    },
    get desired() {
      return desired()
    },
  }
}
