/** One group of a cluster, as users see it. */
import type { AdaptOptions, Adapting } from "../demand/types.js"
import type { ScaleResult } from "../fleet/scaling/target.js"
import type { Worker } from "../fleet/reports/worker.js"
import type { ExecOptions, WorkerResult } from "../remote/exec.js"
import type { Command } from "../remote/remote.js"
import { type Adaptable, adaptIn } from "./adapting/adapting.js"
import { execIn, type Reached } from "./workers.js"
import type { ScaleOptions, ScaleTarget } from "../verbs/verbs.js"

export interface Group {
  readonly name: string
  readonly desired: number
  readonly workers: readonly Worker[]
  /** Scales this group alone. @throws what `Cluster.scale` throws. */
  scale(count: number, options?: ScaleOptions): Promise<ScaleResult>
  /**
   * Has this group alone follow a demand. A second one takes the place of the first, and a call of `scale` that names the group ends it.
   *
   * @throws what `Cluster.adapt` throws.
   */
  adapt(options: AdaptOptions): Promise<Adapting>
  /** Runs a command on the group's running workers, in their container where the group has one. @throws what `Cluster.exec` throws. */
  exec(command: Command, options?: ExecOptions): Promise<readonly WorkerResult[]>
}

/** The cluster that a group is a view of. */
export interface Grouped {
  readonly workers: readonly Worker[]
  scale(target: ScaleTarget, options?: ScaleOptions): Promise<ScaleResult>
}

/** A live view of one group. */
export function groupOf(cluster: Grouped, name: string, desired: () => number, reached: Reached & Adaptable): Group {
  return {
    name,
    adapt: (options) => adaptIn(reached, { [name]: options }),
    exec: (command, options = {}) => execIn(reached, command, options, name),
    scale: (count, options) => cluster.scale({ [name]: count }, options),
    get workers() {
      return cluster.workers.filter((worker) => worker.group === name)
    },
    get desired() {
      return desired()
    },
  }
}
