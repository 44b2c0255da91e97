import assert from "node:assert/strict"
import type { Leftover, Owner } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { need, type Scene } from "../scene.js"

async function ownLeftovers(scene: Scene, owner: Owner, readOnly = false): Promise<readonly Leftover[]> {
  const read = need(scene.provider.leftovers?.bind(scene.provider), "provider.leftovers")
  const found = await read({ uid: owner.uid }, scene.calls({ readOnly }))
  return found.filter(({ shared }) => !shared)
}

async function remove(scene: Scene, leftovers: readonly Leftover[]): Promise<void> {
  await need(scene.provider.remove?.bind(scene.provider), "provider.remove")(leftovers, scene.calls())
}

export const leftovers: readonly ProviderPromise[] = [
  {
    promise: "leftovers: of everything that was made nothing remains but what is shared",
    async check(scene) {
      const { owner } = await scene.up(scene.count)
      await scene.live({ uid: owner.uid }, scene.count)
      await scene.down(owner)
      await remove(scene, await ownLeftovers(scene, owner))
      await scene.until("the leftovers to go", async () => (await ownLeftovers(scene, owner)).length === 0)
      await scene.live({ uid: owner.uid }, 0)
    },
  },
  {
    promise: "leftovers: removing twice is success",
    async check(scene) {
      const { owner } = await scene.plan(1)
      const found = await ownLeftovers(scene, owner)
      await remove(scene, found)
      await remove(scene, found)
      await remove(scene, [])
    },
  },
  {
    promise: "leftovers: looking changes nothing",
    async check(scene) {
      const { owner } = await scene.plan(1)
      const found = await ownLeftovers(scene, owner, true)
      assert.deepEqual(await ownLeftovers(scene, owner, true), found)
    },
  },
  {
    promise: "leftovers: those of another cluster are not among them, and stay",
    async check(scene) {
      const mine = (await scene.plan(1)).owner
      const theirs = (await scene.plan(1)).owner
      const before = await ownLeftovers(scene, theirs)
      await remove(scene, await ownLeftovers(scene, mine))
      assert.deepEqual(await ownLeftovers(scene, theirs), before)
    },
  },
]
