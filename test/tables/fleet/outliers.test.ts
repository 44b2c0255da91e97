/** When a zone or a type stands out by its failures, and when it does not. */
import { expect, test } from "vitest"
import { seededRandom } from "../../../src/calls/clock.js"
import { type Outcome, outliersOf } from "../../../src/fleet/planning/outliers.js"
import { isLong } from "../../support/long.js"

const TYPES = ["small", "large"]
/** So many boots in a zone, the first of them failed; types take turns. */
const boots = (zone: string, failed: number, of: number, region = "r"): readonly Outcome[] =>
  Array.from({ length: of }, (_, n) => ({
    at: { provider: "p", region, zone, instanceType: TYPES[n % TYPES.length] ?? "" },
    hasFailed: n < failed,
  }))
const found = (...outcomes: (readonly Outcome[])[]) =>
  outliersOf(outcomes.flat()).map(({ scope: { region, zone, instanceType } }) => zone ?? instanceType ?? region)

test.each([
  ["six of six, where twelve elsewhere have passed", [boots("a", 6, 6), boots("b", 0, 6), boots("c", 0, 6)], ["a"]],
  [
    "three of three, where six elsewhere have passed: it may be luck",
    [boots("a", 3, 3), boots("b", 0, 3), boots("c", 0, 3)],
    [],
  ],
  ["two, however many have passed elsewhere", [boots("a", 2, 2), boots("b", 0, 500)], []],
  ["all, everywhere", [boots("a", 20, 20), boots("b", 20, 20), boots("c", 20, 20)], []],
  ["a third, everywhere", [boots("a", 10, 30), boots("b", 11, 30), boots("c", 9, 30)], []],
  ["more than elsewhere, but not twice as often", [boots("a", 300, 500), boots("b", 350, 1000)], []],
  ["half there, and a tenth elsewhere", [boots("a", 15, 30), boots("b", 3, 30), boots("c", 3, 30)], ["a"]],
  ["two zones of four", [boots("a", 10, 10), boots("b", 10, 10), boots("c", 0, 20), boots("d", 0, 20)], ["a", "b"]],
  [
    "a region is told as one",
    [boots("a", 10, 10), boots("b", 10, 10), boots("x", 0, 20, "s"), boots("y", 0, 20, "s")],
    ["r"],
  ],
] as readonly (readonly [string, readonly (readonly Outcome[])[], readonly string[]])[])(
  "%s",
  (_, outcomes, expected) => {
    expect(found(...outcomes)).toEqual(expected)
  },
)

test("a type that fails in all zones is told as a type", () => {
  const outcomes = ["a", "b", "c"].flatMap((zone) =>
    boots(zone, 0, 12).map(({ at }) => ({ at, hasFailed: at.instanceType === "large" })),
  )
  expect(found(outcomes)).toEqual(["large"])
})

test("the chance is Fisher's: 5 of 5 beside 0 of 10 is one of 3,003 ways, and enough where three zones are compared", () => {
  const of = (each: number) =>
    [...boots("a", each, each), ...boots("b", 0, each), ...boots("c", 0, each)].map(({ at, hasFailed }) => ({
      at: { ...at, instanceType: "one" },
      hasFailed,
    }))
  expect(outliersOf(of(4))).toEqual([])
  expect(outliersOf(of(5))).toMatchObject([{ failed: 5, of: 5, failedElsewhere: 0, ofElsewhere: 10 }])
  expect(outliersOf(of(5))[0]?.p).toBeCloseTo(1 / 3003, 12)
})

test("looking anew at each boot, luck alone makes nothing stand out in many bursts of 60", () => {
  let wrong = 0
  for (let seed = 1; seed <= (isLong ? 2000 : 100); seed += 1) {
    const random = seededRandom(seed)
    const share = [0.05, 0.2, 0.5, 0.8][seed % 4] ?? 0
    const outcomes: Outcome[] = []
    let isFound = false
    for (let n = 0; n < 60 && !isFound; n += 1) {
      const at = { provider: "p", region: "r", zone: "abc"[n % 3] ?? "", instanceType: TYPES[n % 2] ?? "" }
      outcomes.push({ at, hasFailed: random() < share })
      if (outcomes.at(-1)?.hasFailed === true) isFound = outliersOf(outcomes).length > 0
    }
    wrong += Number(isFound)
  }
  expect(wrong).toBeLessThanOrEqual(isLong ? 4 : 0)
})
