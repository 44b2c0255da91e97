/** Walks of the small cloud, with a count of its machines. */
import { expect } from "vitest"
import type { WalkOutcome } from "../../../src/doctor/live/outcome.js"
import type { InstanceState } from "../../../src/provider.js"
import { SMALL } from "../../cluster/support.js"
import { expectNothingLeft, told, walked } from "./support.js"
import { type Toy, toy, type ToyOptions } from "./toy.js"

/** Plays a walk, with never more than three machines at once. */
export async function play(options: ToyOptions = {}, more: { budgetUsd?: number; signal?: AbortSignal } = {}) {
  const cloud = toy(options)
  const watch = watching(cloud)
  const outcome = await walked(cloud, { instanceType: SMALL, ...more })
  cloud.stop()
  expect(watch.most(), told(outcome)).toBeLessThanOrEqual(3)
  return { ...cloud, outcome }
}

export function watching({ world, clock }: Toy, more: readonly InstanceState[] = []) {
  let most = 0
  const tick = () => {
    most = Math.max(most, world.truth({ states: ["pending", "running", "stopped", ...more] }).length)
    if (most <= 3) clock.timer(500, tick)
  }
  tick()
  return { most: () => most }
}

export function isClean({ world, outcome }: { readonly world: Toy["world"]; readonly outcome: WalkOutcome }): void {
  expectNothingLeft(world)
  expect(outcome.left, told(outcome)).toEqual([])
}
