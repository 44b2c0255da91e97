import assert from "node:assert/strict"
import { TransientError } from "../../../src/errors.js"
import type { LaunchCall, Launched } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { idsOf, jsonCopy, need, type Scene } from "../scene.js"

async function oneCall(scene: Scene): Promise<LaunchCall> {
  const [call] = (await scene.plan(scene.count)).calls
  assert.ok(call !== undefined)
  return call
}

/** Everything that this token ever made and that is not gone, once lists must show it. */
async function madeBy(scene: Scene, call: LaunchCall): Promise<readonly string[]> {
  await scene.consistent()
  const found = await scene.list({ launch: call.token })
  return idsOf(found.filter((instance) => !scene.isGone(instance)))
}

async function sameAgain(scene: Scene, call: LaunchCall, first: Launched): Promise<void> {
  const again = await scene.launch(jsonCopy(call))
  assert.deepEqual(idsOf(again.instances), idsOf(first.instances))
  assert.deepEqual(await madeBy(scene, call), idsOf(first.instances))
}

export const replays: readonly ProviderPromise[] = [
  {
    promise: "replay: the same call again returns the same instances and makes no more",
    async check(scene) {
      const call = await oneCall(scene)
      await sameAgain(scene, call, await scene.launch(call))
    },
  },
  {
    promise: "replay: the same call twice at once makes one lot",
    async check(scene) {
      const call = await oneCall(scene)
      const outcomes = await Promise.all([scene.launch(call), scene.launch(jsonCopy(call)), scene.launch(call)])
      const lots = outcomes.map(({ instances }) => idsOf(instances))
      assert.deepEqual(lots, [lots[0], lots[0], lots[0]])
      assert.deepEqual(await madeBy(scene, call), lots[0])
    },
  },
  {
    promise: "replay: after a lost answer returns what the lost one made and makes no more",
    async check(scene) {
      const call = await oneCall(scene)
      await assert.rejects(scene.provider.launch(call, scene.deafCalls()), TransientError)
      const made = await scene.launch(jsonCopy(call))
      assert.equal(made.instances.length, call.count)
      assert.deepEqual(await madeBy(scene, call), idsOf(made.instances))
    },
  },
  {
    promise: "replay: from a new process returns the same instances and makes no more",
    async check(scene) {
      const another = need(scene.subject.another?.bind(scene.subject), "another")()
      const call = await oneCall(scene)
      const first = await scene.launch(call)
      const again = await scene.launch(jsonCopy(call), another)
      assert.deepEqual(idsOf(again.instances), idsOf(first.instances))
      assert.deepEqual(await madeBy(scene, call), idsOf(first.instances))
    },
  },
  {
    promise: "replay: an unsettled launch is settled by a new process",
    async check(scene) {
      const another = need(scene.subject.another?.bind(scene.subject), "another")()
      const call = await oneCall(scene)
      const first = await scene.provider.launch(call, scene.calls())
      const settled = await scene.settled(jsonCopy(call), first, another)
      assert.deepEqual(idsOf(settled.instances), await madeBy(scene, call))
    },
  },
  {
    promise: "replay: after all that it made was terminated makes nothing again",
    async check(scene) {
      const call = await oneCall(scene)
      const made = await scene.launch(call)
      await scene.live({ launch: call.token }, call.count)
      await scene.provider.terminate(made.instances, scene.calls())
      await scene.until("the instances to end", async () => {
        const found = await scene.list({ launch: call.token })
        return found.every(({ state }) => state === "terminated")
      })
      await scene.launch(jsonCopy(call)).catch(() => undefined)
      assert.deepEqual(await madeBy(scene, call), [])
    },
  },
]
