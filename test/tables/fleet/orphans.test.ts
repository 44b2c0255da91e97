import { describe, expect, test } from "vitest"
import { instanceVerdict, leftoverVerdict } from "../../../src/fleet/leftovers/orphans.js"
import type { Criteria } from "../../../src/verbs/removals.js"
import { instanceOf, NOW } from "../support.js"

const HOUR_MS = 3_600_000
const seconds = (at: number) => String(Math.floor(at / 1000))
const TAGS = {
  "muster-cluster": "render",
  "muster-uid": "0123456789abcdef",
  "muster-owner": "default",
  "muster-deadline": seconds(NOW + HOUR_MS),
}
const ANY: Criteria = { owner: "default", name: undefined, olderThanMs: undefined, shared: false }

describe("which instances may go", () => {
  const past = { ...TAGS, "muster-deadline": seconds(NOW - 1000) }
  const { "muster-uid": _uid, ...withoutUid } = past
  const rows = [
    ["before its deadline it may be held by a living process", TAGS, 0, {}, undefined],
    ["past its deadline", past, 0, {}, "expired"],
    ["past its deadline, another owner's", { ...past, "muster-owner": "ops" }, 0, {}, undefined],
    ["past its deadline, without a uid", withoutUid, 0, {}, undefined],
    ["past its deadline, another name asked for", past, 0, { name: "other" }, undefined],
    ["a deadline that is no number", { ...TAGS, "muster-deadline": "soon" }, HOUR_MS, {}, undefined],
    ["a lease in force", { ...TAGS, "muster-lease": seconds(NOW + 1000) }, HOUR_MS, {}, undefined],
    ["a lease that is over, but may still end it", { ...TAGS, "muster-lease": seconds(NOW - 1000) }, 0, {}, undefined],
    ["a lease long over", { ...TAGS, "muster-lease": seconds(NOW - 70_000) }, HOUR_MS, {}, "lease over"],
    ["named", TAGS, 0, { name: "render" }, "named"],
    ["older than asked", TAGS, 2 * HOUR_MS, { olderThanMs: HOUR_MS }, "older"],
    ["younger than asked", TAGS, HOUR_MS / 2, { olderThanMs: HOUR_MS }, undefined],
    ["still being made", TAGS, 30_000, { olderThanMs: 0 }, undefined],
    ["named, and younger than asked", TAGS, 0, { name: "render", olderThanMs: HOUR_MS }, undefined],
    ["named by somebody else", TAGS, 0, { name: "render", owner: "ops" }, undefined],
  ] as const
  test.each(rows)("%s", (_what, tags, ageMs, change, why) => {
    expect(instanceVerdict(instanceOf({ tags, launchedAt: NOW - ageMs }), { ...ANY, ...change }, NOW)).toBe(why)
  })
})

describe("what else may go", () => {
  const uid = TAGS["muster-uid"]
  const none = { living: new Set<string>(), swept: new Set<string>() }
  const past = { ...TAGS, "muster-deadline": seconds(NOW - 1000) }
  const { "muster-deadline": _deadline, ...timeless } = TAGS
  const rows = [
    ["of a cluster that may live without instances", TAGS, false, {}, none, undefined],
    ["past the deadline", past, false, {}, none, "expired"],
    ["past the deadline, while instances live", past, false, {}, { ...none, living: new Set([uid]) }, undefined],
    ["its instances were swept", TAGS, false, {}, { ...none, swept: new Set([uid]) }, "orphaned"],
    ["no deadline tells of it", timeless, false, {}, none, "orphaned"],
    ["named", TAGS, false, { name: "render" }, none, "named"],
    ["another name", past, false, { name: "other" }, none, undefined],
    ["another owner's", past, false, { owner: "ops" }, none, undefined],
    ["shared, and not asked for", {}, true, {}, none, undefined],
    ["shared, asked for, nothing lives", {}, true, { shared: true }, none, "shared"],
    ["shared, asked for, something lives", {}, true, { shared: true }, { ...none, living: new Set(["x"]) }, undefined],
  ] as const
  test.each(rows)("%s", (_what, tags, shared, change, uids, why) => {
    const leftover = { kind: "volume", id: "vol-1", region: "r", tags, shared }
    expect(leftoverVerdict(leftover, { ...ANY, ...change }, NOW, uids)).toBe(why)
  })
})
