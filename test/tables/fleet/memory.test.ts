import { describe, expect, test } from "vitest"
import { forbids, remember, scopeKey, concernsOffers, type Unavailable } from "../../../src/fleet/unavailable.js"
import type { Failure, Scope } from "../../../src/provider.js"
import { failureOf, NOW, offerOf } from "../support.js"

const MINUTE_MS = 60_000
const learn = (memory: readonly Unavailable[], failure: Partial<Failure>, now = NOW) =>
  remember(memory, failureOf(failure), now)

describe("what a failure's scope forbids", () => {
  const offer = offerOf({ zone: "a", family: "f", instanceType: "t", market: "spot" })
  const rows: readonly (readonly [Scope, boolean])[] = [
    [{}, true],
    [{ zone: "a" }, true],
    [{ zone: "b" }, false],
    [{ zone: "a", instanceType: "t", market: "spot" }, true],
    [{ zone: "a", instanceType: "u" }, false],
    [{ family: "f", market: "on-demand" }, false],
    [{ provider: "p", region: "r", family: "f" }, true],
    [{ provider: "other" }, false],
  ]
  test.each(rows)("%j: %s", (scope, forbidden) => {
    expect(forbids(learn([], { scope }), offer, NOW) !== undefined).toBe(forbidden)
  })
})

test("a memory lasts until its moment, and not at it", () => {
  const memory = learn([], { ttlMs: MINUTE_MS })
  expect(forbids(memory, offerOf(), NOW + MINUTE_MS - 1)).toBeDefined()
  expect(forbids(memory, offerOf(), NOW + MINUTE_MS)).toBeUndefined()
})

test("one memory a scope, whatever the order of its fields; the later end wins, the latest words stay", () => {
  const first = learn([], { scope: { zone: "a", family: "f" }, ttlMs: 10 * MINUTE_MS, code: "Old" })
  const both = learn(first, { scope: { family: "f", zone: "a" }, ttlMs: MINUTE_MS, code: "New" }, NOW + 1)
  expect(both).toMatchObject([{ until: NOW + 10 * MINUTE_MS, failure: { code: "New" } }])
  expect(learn(both, { scope: { zone: "a" } })).toHaveLength(2)
  expect(scopeKey({ zone: "a", family: "f" })).toBe(scopeKey({ family: "f", zone: "a" }))
})

test("of several memories the longest counts, and what has run out is dropped when something is learned", () => {
  const short = learn([], { scope: { zone: "a" }, ttlMs: MINUTE_MS })
  const two = learn(short, { scope: { family: "f" }, ttlMs: 5 * MINUTE_MS })
  expect(forbids(two, offerOf(), NOW)?.until).toBe(NOW + 5 * MINUTE_MS)
  expect(learn(two, { reason: "boot" }, NOW + 2 * MINUTE_MS)).toHaveLength(1)
  expect(two).toHaveLength(2)
})

test("only a lack of capacity or quota says something about offers", () => {
  const taught = (["capacity", "quota", "boot", "interrupted", "rejected"] as const).filter((reason) =>
    concernsOffers(failureOf({ reason })),
  )
  expect(taught).toEqual(["capacity", "quota"])
  expect(concernsOffers(failureOf({ ttlMs: 0 }))).toBe(false)
  expect(learn([], { reason: "boot" })).toEqual([])
})
