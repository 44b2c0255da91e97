import assert from "node:assert/strict"
import type { Instance, Owner } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { idsOf, type Scene } from "../scene.js"
import { unknownLike } from "../unknown.js"

async function some(scene: Scene, count = scene.count): Promise<{ owner: Owner; instances: readonly Instance[] }> {
  const { owner } = await scene.up(count)
  return { owner, instances: await scene.live({ uid: owner.uid }, count) }
}

async function end(scene: Scene, instances: readonly Instance[]): Promise<void> {
  const { accepted, failures } = await scene.provider.terminate(instances, scene.calls())
  assert.deepEqual(failures, [])
  assert.deepEqual(idsOf(accepted), idsOf(instances))
  for (const { id, state } of accepted) assert.ok(state === "terminating" || state === "terminated", `${id}: ${state}`)
}

export const terminations: readonly ProviderPromise[] = [
  {
    promise: "terminate: what it is given ends, and nothing else",
    async check(scene) {
      const { owner, instances } = await some(scene)
      const [first, ...others] = instances
      assert.ok(first !== undefined)
      await end(scene, [first])
      const left = await scene.live({ uid: owner.uid }, others.length)
      assert.deepEqual(idsOf(left), idsOf(others))
    },
  },
  {
    promise: "terminate: doing it again is success, before and after the end",
    async check(scene) {
      const { owner, instances } = await some(scene)
      await end(scene, instances)
      await end(scene, instances)
      await scene.live({ uid: owner.uid }, 0)
      await end(scene, instances)
    },
  },
  {
    promise: "terminate: twice at once is success",
    async check(scene) {
      const { owner, instances } = await some(scene)
      await Promise.all([end(scene, instances), end(scene, instances)])
      await scene.live({ uid: owner.uid }, 0)
    },
  },
  {
    promise: "terminate: an id that never was is success",
    async check(scene) {
      const { owner, instances } = await some(scene, 1)
      await end(
        scene,
        instances.map((instance) => unknownLike(scene, instance)),
      )
      await scene.live({ uid: owner.uid }, 1)
    },
  },
  {
    promise: "terminate: an id that never was does not keep the others from ending",
    async check(scene) {
      const { owner, instances } = await some(scene)
      const [first] = instances
      assert.ok(first !== undefined)
      const { accepted } = await scene.provider.terminate([unknownLike(scene, first), ...instances], scene.calls())
      const ids = new Set(accepted.map(({ id }) => id))
      for (const { id } of instances) assert.ok(ids.has(id), `${id} was not accepted`)
      await scene.live({ uid: owner.uid }, 0)
    },
  },
  {
    promise: "terminate: nothing to end is success",
    async check(scene) {
      assert.deepEqual(await scene.provider.terminate([], scene.calls()), { accepted: [], failures: [] })
    },
  },
  {
    promise: "terminate: works at once after the launch's answer, before lists show the instance",
    async check(scene) {
      const { owner, instances } = await scene.up(scene.count)
      await end(scene, instances)
      await scene.consistent()
      await scene.live({ uid: owner.uid }, 0)
    },
  },
  {
    promise: "terminate: what ended is never reported as live again",
    async check(scene) {
      const { owner, instances } = await some(scene)
      await end(scene, instances)
      await scene.live({ uid: owner.uid }, 0)
      await scene.consistent()
      await scene.live({ uid: owner.uid }, 0)
      const states: readonly ("pending" | "running")[] = ["pending", "running"]
      assert.deepEqual(await scene.list({ uid: owner.uid, states }), [])
    },
  },
  {
    promise: "terminate: many at once all end",
    async check(scene) {
      const bulk = scene.subject.bulk ?? 12
      const { owner, instances } = await some(scene, bulk)
      await end(scene, instances)
      await scene.live({ uid: owner.uid }, 0)
    },
  },
]
