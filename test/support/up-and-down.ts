/** The whole way of a cluster, however the cloud answers. */
import { expect } from "vitest"
import type { Cluster } from "../../src/cluster.js"
import type { World } from "../../src/simulator/index.js"

interface Cloud {
  readonly world: World
  readonly run: <T>(promise: Promise<T>) => Promise<T>
}

/** Scales to `count` and closes: all run, no instance more is made on the way, and none is left. */
export async function upAndDown({ world, run }: Cloud, cluster: Cluster, count: number): Promise<void> {
  const { running } = await run(cluster.scale(count))
  expect(running).toBe(count)
  const receipt = await run(cluster.close())
  expect(receipt.leaked).toEqual([])
  expect(world.truth()).toHaveLength(count)
  expect(world.truth({ states: ["pending", "running"] })).toEqual([])
}
