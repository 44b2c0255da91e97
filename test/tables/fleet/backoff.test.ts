/** What a group was answered: how long it rests, how wide it reaches, and when no offer can be better. */
import { describe, expect, test } from "vitest"
import {
  barsOfBackoffs,
  failedRounds,
  unavoidableRefusal,
  NO_BACKOFFS,
  afterSuccess,
  type Backoffs,
  addBackoff,
} from "../../../src/fleet/state/backoff.js"
import { pauseMs } from "../../../src/fleet/state/pauses.js"
import { forbids } from "../../../src/fleet/unavailable.js"
import type { Failure, Market, Offer, Scope } from "../../../src/provider.js"

const PLACE = { provider: "p", region: "r" }

function offers(
  types: readonly string[],
  zones: readonly string[],
  markets: readonly Market[] = ["on-demand"],
): Offer[] {
  const family = { family: "f", arch: "x86_64" } as const
  return markets.flatMap((market) =>
    zones.flatMap((zone) => types.map((instanceType) => ({ ...PLACE, ...family, zone, instanceType, market }))),
  )
}

function refusal(scope: Scope, code = "Odd", ttlMs = 60_000): Failure {
  return {
    reason: "rejected",
    count: 1,
    scope: { ...PLACE, market: "on-demand", ...scope },
    ttlMs,
    code,
    message: code,
  }
}

const passing = (scope: Scope): Failure => ({ ...refusal(scope, "Busy", 2_000), reason: "transient" })

/** Answers one after another, a second apart, each to a call sent when the one before was answered. */
function answered(...failures: readonly Failure[]): Backoffs {
  return failures.reduce(
    (backoffs, failure, index) => addBackoff(backoffs, failure, index * 1000, index * 1000),
    NO_BACKOFFS,
  )
}

function open(backoffs: Backoffs, of: readonly Offer[], now: number): string[] {
  const bars = barsOfBackoffs(backoffs, of, now)
  return of
    .filter((offer) => forbids(bars, offer, now) === undefined)
    .map(({ instanceType, zone }) => `${instanceType}/${zone}`)
}

describe("an answer that nobody knows", () => {
  const all = offers(["a", "b", "c"], ["1", "2", "3"])

  test("is about the type in the zone that was asked, for a minute, then for longer", () => {
    const once = answered(refusal({ instanceType: "a", zone: "1" }))
    expect(open(once, all, 1_000)).toHaveLength(8)
    expect(open(once, all, 1_000)).not.toContain("a/1")
    expect(open(once, all, 61_000)).toHaveLength(9)
    const again = addBackoff(once, refusal({ instanceType: "a", zone: "1" }), 61_000, 61_000)
    expect(open(again, all, 61_000 + 119_000)).not.toContain("a/1")
    expect(open(again, all, 61_000 + 121_000)).toContain("a/1")
  })

  test("is about the zone once two types got it there, and about the type once two zones gave it", () => {
    const zone = answered(refusal({ instanceType: "a", zone: "1" }), refusal({ instanceType: "b", zone: "1" }))
    expect(open(zone, all, 2_000)).toEqual(["a/2", "b/2", "c/2", "a/3", "b/3", "c/3"])
    const type = answered(refusal({ instanceType: "a", zone: "1" }), refusal({ instanceType: "a", zone: "2" }))
    expect(open(type, all, 2_000)).toEqual(["b/1", "c/1", "b/2", "c/2", "b/3", "c/3"])
  })

  test("two codes widen nothing", () => {
    const two = answered(refusal({ instanceType: "a", zone: "1" }, "A"), refusal({ instanceType: "b", zone: "1" }, "B"))
    expect(open(two, all, 2_000)).toContain("c/1")
  })

  test("with one zone the last type is asked too before that zone is given up", () => {
    const one = offers(["a", "b", "c"], ["1"])
    const two = answered(refusal({ instanceType: "a", zone: "1" }), refusal({ instanceType: "b", zone: "1" }))
    expect(open(two, one, 2_000)).toEqual(["c/1"])
    expect(unavoidableRefusal(two, one, PLACE)).toBeUndefined()
    const three = addBackoff(two, refusal({ instanceType: "c", zone: "1" }), 2_000, 2_000)
    expect(unavoidableRefusal(three, one, PLACE)).toMatchObject({ code: "Odd" })
  })

  test.each([
    [
      "three that share neither type nor zone",
      [
        ["a", "1"],
        ["b", "2"],
        ["c", "3"],
      ],
      true,
    ],
    [
      "three of one type",
      [
        ["a", "1"],
        ["a", "2"],
        ["a", "3"],
      ],
      false,
    ],
    [
      "three of two zones",
      [
        ["a", "1"],
        ["b", "1"],
        ["c", "2"],
      ],
      false,
    ],
    [
      "two that are unlike",
      [
        ["a", "1"],
        ["b", "2"],
      ],
      false,
    ],
  ] as const)("%s", (_, pairs, isHopeless) => {
    const backoffs = answered(...pairs.map(([instanceType, zone]) => refusal({ instanceType, zone })))
    expect(unavoidableRefusal(backoffs, all, PLACE) !== undefined).toBe(isHopeless)
  })

  test("fewer than three: all of them", () => {
    const one = offers(["a"], ["1"])
    expect(unavoidableRefusal(answered(refusal({ instanceType: "a", zone: "1" })), one, PLACE)).toMatchObject({
      code: "Odd",
    })
    const two = offers(["a", "b"], ["1"])
    expect(unavoidableRefusal(answered(refusal({ instanceType: "a", zone: "1" })), two, PLACE)).toBeUndefined()
  })

  test("each market that is wanted must have been asked", () => {
    const both = offers(["a"], ["1"], ["spot", "on-demand"])
    const spot = answered(refusal({ instanceType: "a", zone: "1", market: "spot" }))
    expect(unavoidableRefusal(spot, both, PLACE)).toBeUndefined()
    const all = addBackoff(spot, refusal({ instanceType: "a", zone: "1" }), 1_000, 1_000)
    expect(unavoidableRefusal(all, both, PLACE)).toMatchObject({ code: "Odd" })
  })
})

describe("an answer that passes", () => {
  test("rests 2 s, 4 s … 5 min while nothing comes of it", () => {
    expect([1, 2, 3, 8, 9, 40].map(pauseMs)).toEqual([2_000, 4_000, 8_000, 256_000, 300_000, 300_000])
  })

  test("calls that were under way together are one try", () => {
    const scope = { instanceType: "a", zone: "1" }
    const volley = [1, 2, 3].reduce((backoffs, at) => addBackoff(backoffs, passing(scope), 0, at), NO_BACKOFFS)
    expect(failedRounds(volley, PLACE, 0)).toBe(1)
    expect(volley.pools).toMatchObject([{ times: 1 }])
  })

  test("pools that are answered alike are not asked in turn, and an instance ends the row", () => {
    const all = offers(["a", "b"], ["1", "2"])
    const pools = all.map(({ instanceType, zone }) => passing({ instanceType, zone }))
    const backoffs = answered(...pools)
    expect(open(backoffs, all, 3_000 + 15_000)).toEqual([])
    expect(open(backoffs, all, 3_000 + 17_000)).toHaveLength(4)
    const made = afterSuccess(backoffs, { ...PLACE, instanceType: "a", zone: "1", market: "on-demand" })
    expect(failedRounds(made, PLACE, 0)).toBe(0)
    expect(open(made, all, 3_500)).toEqual(["a/1"])
  })

  test("what was made since counts for it", () => {
    const backoffs = answered(passing({ zone: "1" }), passing({ zone: "2" }))
    expect([failedRounds(backoffs, PLACE, 0), failedRounds(backoffs, PLACE, 5_000)]).toEqual([2, 0])
  })
})

test("what passes by itself reaches as far as a refusal does, for as long as it rests", () => {
  const all = offers(["a", "b", "c", "d"], ["1", "2", "3", "4"])
  const unlike = answered(
    passing({ instanceType: "a", zone: "1" }),
    passing({ instanceType: "b", zone: "2" }),
    passing({ instanceType: "c", zone: "3" }),
  )
  expect(open(unlike, all, 3_000)).toEqual([])
  expect(open(unlike, all, 2_000 + pauseMs(3) + 1)).toHaveLength(all.length)
  const bars = barsOfBackoffs(unlike, all, 3_000)
  expect(bars.every(({ times = 0 }) => times === 3)).toBe(true)
})

test("of a thousand pools in one zone it is known at once that none are unlike", () => {
  const types = Array.from({ length: 1000 }, (_, index) => `t${index}`)
  const pools = types.flatMap((instanceType) => answered(refusal({ instanceType, zone: "1" })).pools)
  expect(unavoidableRefusal({ ...NO_BACKOFFS, pools }, offers([...types, "last"], ["1", "2"]), PLACE)).toBeUndefined()
})
