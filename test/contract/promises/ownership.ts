import assert from "node:assert/strict"
import type { ProviderPromise } from "../promise.js"
import { idsOf, need } from "../scene.js"

export const ownership: readonly ProviderPromise[] = [
  {
    promise: "ownership: an instance that is not ours is in none of our lists",
    async check(scene) {
      const foreign = await need(scene.subject.foreign?.bind(scene.subject), "foreign")()
      const { owner, instances } = await scene.up(1)
      await scene.live({ uid: owner.uid }, 1)
      await scene.consistent()
      for (const selector of [{ uid: owner.uid }, { cluster: owner.cluster }, { owner: owner.owner }]) {
        const ids = idsOf(await scene.list(selector))
        assert.ok(!ids.includes(foreign.id), JSON.stringify(selector))
        assert.ok(instances.every(({ id }) => ids.includes(id)))
      }
    },
  },
  {
    promise: "ownership: an instance that is not ours lives on when all of ours end",
    async check(scene) {
      const foreign = await need(scene.subject.foreign?.bind(scene.subject), "foreign")()
      const { owner } = await scene.up(scene.count)
      await scene.live({ uid: owner.uid }, scene.count)
      await scene.down(owner)
      const leftovers = (await scene.provider.leftovers?.({ uid: owner.uid }, scene.calls())) ?? []
      await scene.provider.remove?.(
        leftovers.filter(({ shared }) => !shared),
        scene.calls(),
      )
      await scene.consistent()
      assert.ok(await foreign.alive(), `${foreign.id} was ended`)
    },
  },
  {
    promise: "ownership: two owners' clusters of the same name do not see each other",
    async check(scene) {
      const first = scene.owner()
      const second = scene.owner({ cluster: first.cluster, owner: "contract-other" })
      const mine = await scene.up(1, { owner: first })
      const theirs = await scene.up(1, { owner: second })
      assert.deepEqual(idsOf(await scene.live({ uid: first.uid }, 1)), idsOf(mine.instances))
      assert.deepEqual(idsOf(await scene.live({ uid: second.uid }, 1)), idsOf(theirs.instances))
      const { cluster, owner } = second
      assert.deepEqual(idsOf(await scene.live({ cluster, owner }, 1)), idsOf(theirs.instances))
      await scene.down(first)
      assert.deepEqual(idsOf(await scene.live({ uid: second.uid }, 1)), idsOf(theirs.instances))
    },
  },
]
