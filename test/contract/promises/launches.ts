import assert from "node:assert/strict"
import { launchTags, TAG } from "../../../src/fleet/tags.js"
import type { Instance, LaunchCall, Launched } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { idsOf, jsonCopy } from "../scene.js"

function callOf(calls: readonly LaunchCall[], instance: Instance): LaunchCall {
  const call = calls.find(({ token }) => token === instance.tags[TAG.launch])
  assert.ok(call !== undefined, `${instance.id} carries the token of no call: ${JSON.stringify(instance.tags)}`)
  return call
}

function ours(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => key.startsWith("muster-")))
}

function summaryOf({ instances, failures, settled }: Launched) {
  return { ids: idsOf(instances), failures, settled }
}

export const launches: readonly ProviderPromise[] = [
  {
    promise: "launch: instances are what was asked: type, zone, market, region, provider",
    async check(scene) {
      const { calls, instances } = await scene.up(scene.count, { wish: { spread: "zones" } })
      for (const instance of instances) {
        const { offers } = callOf(calls, instance)
        const { instanceType, zone, market, region, provider } = instance
        assert.equal(provider, scene.provider.name)
        assert.equal(region, scene.provider.region)
        assert.ok(
          offers.some((o) => o.instanceType === instanceType && o.zone === zone && o.market === market),
          `${instanceType} (${market}) in ${zone} was not asked for`,
        )
      }
    },
  },
  {
    promise: "launch: every instance carries exactly the core's tags, in the reply and in lists",
    async check(scene) {
      const { owner, calls, instances } = await scene.up(scene.count)
      const listed = await scene.live({ uid: owner.uid }, scene.count)
      for (const instance of [...instances, ...listed]) {
        const { token } = callOf(calls, instance)
        assert.deepEqual(ours(instance.tags), launchTags(owner, "default", token))
      }
    },
  },
  {
    promise: "launch: the user's own tags are on every instance too",
    async check(scene) {
      const { owner } = await scene.up(scene.count, { group: { tags: { team: "render" } } })
      for (const instance of await scene.live({ uid: owner.uid }, scene.count)) {
        assert.equal(instance.tags.team, "render")
      }
    },
  },
  {
    promise: "launch: ids and names are unique",
    async check(scene) {
      const { instances } = await scene.up(scene.count)
      assert.equal(new Set(instances.map(({ id }) => id)).size, scene.count)
      assert.equal(new Set(instances.map(({ name }) => name)).size, scene.count)
    },
  },
  {
    promise: "launch: names are those of the call, where the call names them",
    async check(scene) {
      const { calls, instances } = await scene.up(scene.count)
      for (const instance of instances) {
        const { names } = callOf(calls, instance)
        if (names !== undefined) assert.ok(names.includes(instance.name), `${instance.name} was not asked for`)
      }
    },
  },
  {
    promise: "launch: what was launched is in lists within limits.consistencyMs",
    async check(scene) {
      const { owner, instances } = await scene.up(scene.count)
      await scene.consistent()
      assert.deepEqual(idsOf(await scene.list({ uid: owner.uid })), idsOf(instances))
    },
  },
  {
    promise: "launch: instances run within limits.bootMs",
    async check(scene) {
      const { owner } = await scene.up(scene.count)
      const start = scene.subject.clock.now()
      const running = async () => (await scene.list({ uid: owner.uid, states: ["running"] })).length === scene.count
      await scene.until("all to run", running)
      const { bootMs, consistencyMs } = scene.provider.limits
      assert.ok(scene.subject.clock.now() - start <= bootMs + consistencyMs)
    },
  },
  {
    promise: "launch: every call settles, and does not change its mind after",
    async check(scene) {
      const { calls } = await scene.plan(scene.count)
      for (const call of calls) {
        const first = await scene.provider.launch(call, scene.calls())
        const settled = await scene.settled(call, first)
        if (first.ref === undefined) continue
        await scene.subject.clock.sleep(scene.provider.limits.look.everyMs)
        const later = await scene.provider.settle(call, jsonCopy(first.ref), scene.calls())
        assert.deepEqual(summaryOf(later), summaryOf(settled))
      }
    },
  },
  {
    promise: "launch: instances and failures of a settled call add up to its count",
    async check(scene) {
      const { calls } = await scene.plan(scene.count, { wish: { spread: "zones" } })
      for (const call of calls) {
        const { instances, failures } = await scene.launch(call)
        const failed = failures.reduce((sum, { count }) => sum + count, 0)
        assert.equal(instances.length + failed, call.count)
      }
    },
  },
  {
    promise: "launch: a call out of a journal does the same as the one that went in",
    async check(scene) {
      const { owner, calls } = await scene.plan(scene.count)
      for (const call of calls) {
        const made = await scene.launch(jsonCopy(call))
        const again = await scene.launch(call)
        assert.deepEqual(idsOf(again.instances), idsOf(made.instances))
      }
      await scene.consistent()
      assert.equal((await scene.list({ uid: owner.uid })).length, scene.count)
    },
  },
  {
    promise: "launch: two groups of one cluster are told apart by their tags",
    async check(scene) {
      const owner = scene.owner()
      await scene.up(1, { owner, group: { name: "left" } })
      await scene.up(2, { owner, group: { name: "right" } })
      const groups = (await scene.live({ uid: owner.uid }, 3)).map(({ tags }) => tags[TAG.group])
      assert.deepEqual(groups.sort(), ["left", "right", "right"])
    },
  },
  {
    promise: "launch: many at once are as many as asked, no two the same",
    async check(scene) {
      const bulk = scene.subject.bulk ?? 12
      const { owner, instances } = await scene.up(bulk, { wish: { spread: "zones" } })
      assert.equal(new Set(idsOf(instances)).size, bulk)
      await scene.live({ uid: owner.uid }, bulk)
    },
  },
]
