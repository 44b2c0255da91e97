import assert from "node:assert/strict"
import type { Calls } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { need, type Scene } from "../scene.js"

type Verb = (scene: Scene, calls: Calls) => Promise<unknown>

/** Sets the verb up with calls that work, and returns it to be called with calls that do not. */
const VERBS: Readonly<Record<string, (scene: Scene) => Promise<Verb>>> = {
  offers: async () => (scene, calls) => scene.provider.offers({ markets: scene.provider.limits.markets }, calls),
  prepare: async (scene) => {
    const owner = scene.owner()
    const { offers } = await scene.wish(owner, 1)
    return (_scene, calls) => scene.provider.prepare(owner, scene.group(offers), calls)
  },
  launch: async (scene) => {
    const [call] = (await scene.plan(1)).calls
    assert.ok(call !== undefined)
    return (_scene, calls) => scene.provider.launch(call, calls)
  },
  list: async (scene) => {
    const { uid } = scene.owner()
    return (_scene, calls) => scene.provider.list({ uid }, calls)
  },
  terminate: async (scene) => {
    const { owner } = await scene.up(1)
    const instances = await scene.live({ uid: owner.uid }, 1)
    return (_scene, calls) => scene.provider.terminate(instances, calls)
  },
}

const early: readonly ProviderPromise[] = Object.entries(VERBS).map(([name, setUp]) => ({
  promise: `abort: a signal that is aborted before ${name} ends it with the signal's reason`,
  async check(scene) {
    const verb = await setUp(scene)
    const reason = new Error("the user changed their mind")
    const calls = scene.calls({ signal: AbortSignal.abort(reason) })
    await assert.rejects(verb(scene, calls), (error) => error === reason)
  },
}))

const late: readonly ProviderPromise[] = ["launch", "list", "terminate"].map((name) => ({
  promise: `abort: a ${name} that hangs ends with the signal's reason when it is aborted`,
  async check(scene) {
    const verb = await need(VERBS[name], name)(scene)
    const reason = new Error("the user waited long enough")
    const controller = new AbortController()
    need(scene.subject.faults, "faults").hang()
    const ended = assert.rejects(verb(scene, scene.calls({ signal: controller.signal })), (error) => error === reason)
    await scene.subject.clock.sleep(scene.provider.limits.look.firstMs)
    controller.abort(reason)
    await ended
  },
}))

export const aborts: readonly ProviderPromise[] = [
  ...early,
  ...late,
  {
    promise: "abort: an aborted launch has launched nothing",
    async check(scene) {
      const { owner, calls } = await scene.plan(scene.count)
      const signal = AbortSignal.abort(new Error("never mind"))
      await Promise.allSettled(calls.map((call) => scene.provider.launch(call, scene.calls({ signal }))))
      await scene.consistent()
      assert.deepEqual(await scene.list({ uid: owner.uid }), [])
    },
  },
]
