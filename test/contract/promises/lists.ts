import assert from "node:assert/strict"
import { TAG } from "../../../src/fleet/tags.js"
import type { Instance, InstanceState, Selector } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { idsOf, type Scene } from "../scene.js"
import { unknownLike } from "../unknown.js"

const ALL_STATES: readonly InstanceState[] = ["pending", "running", "stopped", "terminating", "terminated"]

/** Instances of two clusters, in more than one zone if the provider has them, all in lists. */
async function crowd(scene: Scene): Promise<readonly Instance[]> {
  const first = await scene.up(scene.count + 1, { wish: { spread: "zones" } })
  const second = await scene.up(2)
  return [
    ...(await scene.live({ uid: first.owner.uid }, scene.count + 1)),
    ...(await scene.live({ uid: second.owner.uid }, 2)),
  ]
}

const TAG_FIELDS = { cluster: TAG.cluster, uid: TAG.uid, launch: TAG.launch } as const

const tagPromises: readonly ProviderPromise[] = (["cluster", "uid", "launch"] as const).map((field) => ({
  promise: `list: a selector's ${field} leaves exactly what carries it`,
  async check(scene) {
    const all = await crowd(scene)
    const values = new Set(all.map(({ tags }) => tags[TAG_FIELDS[field]] ?? "none"))
    assert.ok(values.size > 1, "nothing to tell apart")
    for (const value of values) {
      const wanted = all.filter(({ tags }) => tags[TAG_FIELDS[field]] === value)
      const selector: Selector = { [field]: value }
      assert.deepEqual(idsOf(await scene.list(selector)), idsOf(wanted))
    }
  },
}))

export const lists: readonly ProviderPromise[] = [
  ...tagPromises,
  {
    promise: "list: a selector's owner leaves nothing of other owners",
    async check(scene) {
      const mine = scene.owner({ owner: "contract-mine" })
      const { instances } = await scene.up(1, { owner: mine })
      const theirs = await scene.up(1, { owner: scene.owner({ cluster: mine.cluster, owner: "contract-theirs" }) })
      await scene.live({ uid: theirs.owner.uid }, 1)
      await scene.live({ uid: mine.uid }, 1)
      const found = await scene.list({ cluster: mine.cluster, owner: "contract-mine" })
      assert.deepEqual(idsOf(found), idsOf(instances))
    },
  },
  {
    promise: "list: a selector's zones leave exactly what is in them",
    async check(scene) {
      const all = await crowd(scene)
      const uid = all[0]?.tags[TAG.uid]
      assert.ok(uid !== undefined)
      const own = all.filter(({ tags }) => tags[TAG.uid] === uid)
      for (const zone of new Set(own.map((instance) => instance.zone))) {
        const wanted = own.filter((instance) => instance.zone === zone)
        assert.deepEqual(idsOf(await scene.list({ uid, zones: [zone] })), idsOf(wanted))
      }
    },
  },
  {
    promise: "list: a selector's states leave exactly what is in them",
    async check(scene) {
      const { owner, instances } = await scene.up(scene.count)
      await scene.until("all to run", async () => {
        const found = await scene.live({ uid: owner.uid }, scene.count)
        return found.every(({ state }) => state === "running")
      })
      assert.deepEqual(idsOf(await scene.list({ uid: owner.uid, states: ["running"] })), idsOf(instances))
      assert.deepEqual(await scene.list({ uid: owner.uid, states: ["pending", "terminated"] }), [])
      for (const state of ALL_STATES) {
        const found = await scene.list({ uid: owner.uid, states: [state] })
        assert.ok(found.every((instance) => instance.state === state))
      }
    },
  },
  {
    promise: "list: ids are asked for directly",
    async check(scene) {
      const { owner, instances } = await scene.up(scene.count)
      await scene.live({ uid: owner.uid }, scene.count)
      const wanted = idsOf(instances).slice(0, 2)
      assert.deepEqual(idsOf(await scene.list({ ids: wanted })), wanted)
      assert.deepEqual(await scene.list({ ids: [] }), [])
    },
  },
  {
    promise: "list: ids that are not there are left out, never thrown",
    async check(scene) {
      const { owner, instances } = await scene.up(2)
      await scene.live({ uid: owner.uid }, 2)
      const missing = instances.map((instance) => unknownLike(scene, instance).id)
      assert.deepEqual(idsOf(await scene.list({ ids: [...missing, ...idsOf(instances)] })), idsOf(instances))
      assert.deepEqual(await scene.list({ ids: missing }), [])
    },
  },
  {
    promise: "list: all given fields must match",
    async check(scene) {
      const { owner, calls } = await scene.up(scene.count)
      const [instance] = await scene.live({ uid: owner.uid }, scene.count)
      const [call] = calls
      assert.ok(instance !== undefined && call !== undefined)
      const { cluster, uid } = owner
      const launch = instance.tags[TAG.launch] ?? ""
      const full: Selector = { cluster, uid, owner: owner.owner, launch, zones: [instance.zone], ids: [instance.id] }
      assert.deepEqual(idsOf(await scene.list(full)), [instance.id])
      const wrong: readonly Selector[] = [
        { cluster: "contract-none" },
        { uid: "000000000000" },
        { owner: "contract-nobody" },
        { launch: "0".repeat(32) },
      ]
      for (const one of wrong) assert.deepEqual(await scene.list({ ...full, ...one }), [], JSON.stringify(one))
    },
  },
  {
    promise: "list: a cluster that never was is an empty list",
    async check(scene) {
      const { cluster, uid } = scene.owner()
      assert.deepEqual(await scene.list({ cluster, uid }), [])
    },
  },
  {
    promise: "list: is read to its end, however many pages that takes",
    async check(scene) {
      const bulk = scene.subject.bulk ?? 12
      const { owner, instances } = await scene.up(bulk, { wish: { spread: "zones" } })
      await scene.live({ uid: owner.uid }, bulk)
      const found = await scene.list({ uid: owner.uid })
      assert.deepEqual(idsOf(found), idsOf(instances))
      assert.deepEqual(idsOf(await scene.list({ ids: idsOf(instances) })), idsOf(instances))
    },
  },
  {
    promise: "list: a new process sees the same",
    async check(scene) {
      const { owner, instances } = await scene.up(scene.count)
      await scene.live({ uid: owner.uid }, scene.count)
      const another = scene.subject.another?.() ?? scene.provider
      const { cluster } = owner
      assert.deepEqual(idsOf(await another.list({ cluster }, scene.calls())), idsOf(instances))
    },
  },
  {
    promise: "list: reads only",
    async check(scene) {
      const { owner } = await scene.up(1)
      await scene.live({ uid: owner.uid }, 1)
      const found = await scene.provider.list({ uid: owner.uid }, scene.calls({ readOnly: true }))
      assert.equal(found.length, 1)
    },
  },
]
