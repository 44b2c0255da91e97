import assert from "node:assert/strict"
import type { LaunchCall, Prepared, Wish } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { jsonCopy, type Scene } from "../scene.js"

const COUNTS = [1, 2, 7, 100, 251, 1001, 10_000] as const

interface Setting {
  readonly wish: Wish
  readonly prepared: Prepared
}

async function setting(scene: Scene): Promise<Setting> {
  const { wish, prepared } = await scene.plan(1)
  return { wish, prepared }
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) freeze(inner)
  }
  return value
}

function zonesOf(calls: readonly LaunchCall[]): readonly string[] {
  return [...new Set(calls.flatMap((call) => call.zone ?? call.offers.map(({ zone }) => zone)))]
}

export const splits: readonly ProviderPromise[] = [
  {
    promise: "split: pure: the same calls for the same wish, its arguments as they were",
    async check(scene) {
      const { wish, prepared } = freeze(await setting(scene))
      const wanted = { ...wish, count: 100 }
      assert.deepEqual(scene.split(wanted, prepared), scene.split(wanted, prepared))
      assert.deepEqual(scene.split(wanted, jsonCopy(prepared)), scene.split(wanted, prepared))
    },
  },
  {
    promise: "split: the calls add up to the wish, and none is empty",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      for (const spread of ["one-zone", "zones"] as const) {
        for (const count of COUNTS) {
          const counts = scene.split({ ...wish, count, spread }, prepared).map((call) => call.count)
          assert.equal(
            counts.reduce((a, b) => a + b, 0),
            count,
          )
          assert.ok(counts.every((part) => Number.isInteger(part) && part > 0))
        }
      }
    },
  },
  {
    promise: "split: a wish for nothing is no calls",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      assert.deepEqual(scene.split({ ...wish, count: 0 }, prepared), [])
    },
  },
  {
    promise: "split: tokens are lower-case hex, at most 32 digits, and each is used once",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const tokens = ["one", "two"].flatMap((id) =>
        scene.split({ ...wish, id, count: 1001 }, prepared).map((call) => call.token),
      )
      for (const token of tokens) assert.match(token, /^[0-9a-f]{8,32}$/)
      assert.equal(new Set(tokens).size, tokens.length)
    },
  },
  {
    promise: "split: another wish or another cluster gets other tokens and names",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const identities = [wish, { ...wish, id: "another" }, { ...wish, uid: "ffffffffffff" }]
        .flatMap((each) => scene.split({ ...each, count: 5 }, prepared))
        .flatMap((call) => [call.token, ...(call.names ?? [])])
      assert.equal(new Set(identities).size, identities.length)
    },
  },
  {
    promise: "split: names, where they are ours, are as many as instances, and each is used once",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const calls = scene.split({ ...wish, count: 1001 }, prepared)
      const named = calls.filter((call) => call.names !== undefined)
      for (const call of named) assert.equal(call.names?.length, call.count)
      const names = named.flatMap((call) => call.names ?? [])
      assert.equal(new Set(names).size, names.length)
    },
  },
  {
    promise: "split: every call asks only for offers of the wish, in its own zone if it has one, for its group",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const wished = new Set(wish.offers.map((offer) => JSON.stringify(offer)))
      for (const call of scene.split({ ...wish, count: 100, spread: "zones" }, prepared)) {
        assert.ok(call.offers.length > 0)
        assert.ok(call.offers.every((offer) => wished.has(JSON.stringify(offer))))
        assert.ok(call.zone === undefined || call.offers.every((offer) => offer.zone === call.zone))
        assert.equal(call.group, wish.group)
      }
    },
  },
  {
    promise: "split: one-zone stays in one zone, zones uses every zone that is offered",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const wide = { ...wish, count: 100 }
      assert.equal(zonesOf(scene.split({ ...wide, spread: "one-zone" }, prepared)).length, 1)
      const offered = new Set(wish.offers.map(({ zone }) => zone))
      assert.deepEqual(zonesOf(scene.split({ ...wide, spread: "zones" }, prepared)).toSorted(), [...offered].sort())
    },
  },
  {
    promise: "split: calls are plain JSON, the same after a journal",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      for (const call of scene.split({ ...wish, count: 3 }, prepared)) assert.deepEqual(jsonCopy(call), call)
    },
  },
  {
    promise: "split: every call's cost names buckets that there are, and fits into them",
    async check(scene) {
      const { wish, prepared } = await setting(scene)
      const { buckets } = scene.provider.limits
      for (const { cost } of scene.split({ ...wish, count: 10_000 }, prepared)) {
        for (const [name, units] of Object.entries(cost)) {
          const bucket = buckets[name]
          assert.ok(bucket !== undefined, `cost names no bucket: ${name}`)
          const most = bucket.kind === "token" ? bucket.capacity : bucket.kind === "window" ? bucket.count : bucket.max
          assert.ok(units <= most, `${units} units never fit into ${name}, which holds ${most}`)
        }
      }
    },
  },
]
