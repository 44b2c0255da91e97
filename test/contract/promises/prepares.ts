import assert from "node:assert/strict"
import { OwnershipError } from "../../../src/errors.js"
import type { Leftover, Owner, Prepared } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { jsonCopy, need, type Scene } from "../scene.js"

async function prepare(scene: Scene, owner: Owner, options: { readonly readOnly?: boolean } = {}): Promise<Prepared> {
  const { offers } = await scene.wish(owner, 1)
  return scene.provider.prepare(owner, scene.group(offers), scene.calls(options))
}

async function leftoversOf(scene: Scene): Promise<readonly string[]> {
  const read = need(scene.provider.leftovers?.bind(scene.provider), "provider.leftovers")
  const found: readonly Leftover[] = await read({}, scene.calls())
  return found.map(({ kind, id }) => `${kind} ${id}`).sort()
}

export const prepares: readonly ProviderPromise[] = [
  {
    promise: "prepare: the result is plain JSON, the same after a journal",
    async check(scene) {
      const prepared = await prepare(scene, scene.owner())
      assert.deepEqual(jsonCopy(prepared), prepared)
    },
  },
  {
    promise: "prepare: the same owner and group give the same, at once or again",
    async check(scene) {
      const owner = scene.owner()
      const [first, second] = await Promise.all([prepare(scene, owner), prepare(scene, owner)])
      const third = await prepare(scene, owner)
      assert.deepEqual(second.body, first.body)
      assert.deepEqual(third.body, first.body)
    },
  },
  {
    promise: "prepare: doing it again makes nothing more",
    async check(scene) {
      const owner = scene.owner()
      await prepare(scene, owner)
      const once = await leftoversOf(scene)
      await prepare(scene, owner)
      assert.deepEqual(await leftoversOf(scene), once)
    },
  },
  {
    promise: "prepare: read only makes and changes nothing",
    async check(scene) {
      const owner = scene.owner()
      const before = await leftoversOf(scene)
      await prepare(scene, owner, { readOnly: true })
      assert.deepEqual(await leftoversOf(scene), before)
      assert.deepEqual(await scene.list({ uid: owner.uid }), [])
    },
  },
  {
    promise: "prepare: read only is enough to split a wish",
    async check(scene) {
      const owner = scene.owner()
      const wish = await scene.wish(owner, scene.count)
      const prepared = await scene.provider.prepare(owner, scene.group(wish.offers), scene.calls({ readOnly: true }))
      const calls = scene.split(wish, prepared)
      assert.equal(sum(calls), scene.count)
    },
  },
  {
    promise: "prepare: launches nothing",
    async check(scene) {
      const owner = scene.owner()
      await prepare(scene, owner)
      await scene.consistent()
      assert.deepEqual(await scene.list({ uid: owner.uid }), [])
    },
  },
  {
    promise: "prepare: a generation that somebody else claimed is refused with an OwnershipError",
    async check(scene) {
      const owner = scene.owner()
      await prepare(scene, owner)
      await assert.rejects(prepare(scene, { ...owner, claim: "somebody-else" }), OwnershipError)
      await prepare(scene, { ...owner, generation: owner.generation + 1, claim: "somebody-else" })
    },
  },
]

function sum(calls: readonly { readonly count: number }[]): number {
  return calls.reduce((total, { count }) => total + count, 0)
}
