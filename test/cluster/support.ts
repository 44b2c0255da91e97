/** A cluster on a simulated cloud under a virtual clock. */
import { VirtualClock } from "../../src/calls/clock.js"
import { Cluster } from "../../src/cluster.js"
import {
  type SimulatedCloud,
  type SimulateOptions,
  simulate,
  type World,
  type WorldInstance,
} from "../../src/simulator/index.js"
import type { ClusterSpec } from "../../src/spec.js"
import type { ClusterOptions } from "../../src/verbs/verbs.js"

export interface Rig extends SimulatedCloud {
  readonly clock: VirtualClock
  cluster(spec?: Partial<ClusterSpec>, options?: ClusterOptions): Cluster
}

/** The smallest type that a simulated cloud sells by default. */
export const SMALL = "s1.small"

export function rig(options: SimulateOptions = {}): Rig {
  const clock = new VirtualClock({ seed: options.seed ?? 1 })
  const cloud = simulate({ ...options, clock })
  return {
    ...cloud,
    clock,
    cluster: (spec = {}, own = {}) =>
      new Cluster({ provider: cloud.provider, instanceType: SMALL, ...spec } as ClusterSpec, {
        clock,
        journal: false,
        ...own,
      }),
  }
}

/** The instances that run or may, as the world itself knows. */
export function live(world: World): readonly WorldInstance[] {
  return world.truth({ states: ["pending", "running", "stopped"] })
}
