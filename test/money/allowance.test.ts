import * as fc from "../support/property.js"
import { describe, expect, test } from "vitest"
import { NO_BUDGET, type ResolvedBudget } from "../../src/money/budget.js"
import { allowed, bestCase, type Allowance, type Usage } from "../../src/money/allowance.js"
import type { Offer } from "../../src/provider.js"
import { offerOf } from "../tables/support.js"

const NOTHING: Usage = { workers: 0, perHour: 0, unpriced: 0, committed: 0 }
const none = () => 0
const minute = () => 60_000

function allowanceOf(budget: Partial<ResolvedBudget>, maxWorkers?: number): Allowance {
  const isPriced = budget.perHour !== undefined || budget.total !== undefined
  return { budget: { ...NO_BUDGET, unpriced: isPriced ? "refuse" : "allow", ...budget }, maxWorkers }
}

const cheap = offerOf({ instanceType: "cheap", pricePerHour: 0.1 })
const dear = offerOf({ instanceType: "dear", pricePerHour: 1 })
const unknown = offerOf({ instanceType: "unknown" })

describe("how many, and from which", () => {
  const rows: readonly (readonly [
    string,
    Allowance,
    Partial<Usage>,
    number,
    readonly Offer[],
    number,
    readonly string[],
    string | undefined,
  ])[] = [
    ["no limit takes all", allowanceOf({}), {}, 500, [dear, unknown], 500, ["dear", "unknown"], undefined],
    [
      "enough for the dearest takes all",
      allowanceOf({ perHour: 10 }),
      {},
      10,
      [dear, cheap],
      10,
      ["dear", "cheap"],
      undefined,
    ],
    ["else those at which all fit", allowanceOf({ perHour: 9.99 }), {}, 10, [dear, cheap], 10, ["cheap"], undefined],
    [
      "else the cheapest, as many as fit",
      allowanceOf({ perHour: 0.75 }),
      {},
      10,
      [dear, cheap],
      7,
      ["cheap"],
      "perHour",
    ],
    ["what is taken is gone", allowanceOf({ perHour: 1 }), { perHour: 0.7 }, 10, [cheap], 3, ["cheap"], "perHour"],
    [
      "more than allowed is taken already",
      allowanceOf({ perHour: 1 }),
      { perHour: 2 },
      1,
      [cheap],
      0,
      ["cheap"],
      "perHour",
    ],
    ["ten of ten cents are a dollar", allowanceOf({ perHour: 1 }), {}, 10, [cheap], 10, ["cheap"], undefined],
    ["unknown prices are left out", allowanceOf({ perHour: 1 }), {}, 5, [unknown, cheap], 5, ["cheap"], undefined],
    ["and refused when there are no others", allowanceOf({ total: 1 }), {}, 5, [unknown], 0, ["unknown"], "unpriced"],
    [
      "or allowed, as free",
      allowanceOf({ perHour: 1, unpriced: "allow" }),
      {},
      50,
      [unknown],
      50,
      ["unknown"],
      undefined,
    ],
    [
      "one that runs unpriced stops all",
      allowanceOf({ perHour: 1 }),
      { unpriced: 1 },
      1,
      [cheap],
      0,
      ["cheap"],
      "unpriced",
    ],
    ["a ceiling", allowanceOf({}, 20), { workers: 15 }, 10, [dear], 5, ["dear"], "maxWorkers"],
    ["the tightest counts", allowanceOf({ perHour: 0.3 }, 20), { workers: 15 }, 10, [cheap], 3, ["cheap"], "perHour"],
    ["no offers are no lack of money", allowanceOf({ perHour: 1 }), {}, 10, [], 10, [], undefined],
  ]
  test.each(rows)("%s", (_title, limits, taken, wanted, offers, count, types, limit) => {
    const result = allowed(limits, { ...NOTHING, ...taken }, wanted, offers, none)
    expect([result.count, result.offers.map((offer) => offer.instanceType), result.cut?.limit]).toEqual([
      count,
      types,
      limit,
    ])
    expect(result.cut?.count ?? 0).toBe(wanted - count)
  })

  test("of a total, what is billed at least must be left", () => {
    const limits = allowanceOf({ total: 1 })
    const most = (committed: number) => allowed(limits, { ...NOTHING, committed }, 600, [dear], minute).count
    expect([most(0), most(0.5), most(0.99), most(1), most(1.2)]).toEqual([60, 30, 0, 0, 0])
    expect(allowed(limits, { ...NOTHING, committed: 0.99 }, 600, [dear], none).count).toBe(600)
  })
})

const price = fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: undefined })
const offers = fc.array(price.map((pricePerHour) => offerOf(pricePerHour === undefined ? {} : { pricePerHour })))

test("whatever is chosen, its dearest offer fits; and with one worker more the cheapest would not", () => {
  fc.assert(
    fc.property(
      offers,
      fc.integer({ min: 1, max: 1000 }),
      fc.double({ min: 0.01, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (all, wanted, perHour, taken) => {
        const result = allowed(allowanceOf({ perHour }), { ...NOTHING, perHour: taken }, wanted, all, none)
        const prices = result.offers.flatMap((offer) => offer.pricePerHour ?? [])
        expect(result.count + (result.cut?.count ?? 0)).toBe(wanted)
        if (result.count === 0 || prices.length === 0) return
        expect(taken + result.count * Math.max(...prices)).toBeLessThanOrEqual(perHour * (1 + 1e-6))
        if (result.cut === undefined) return
        expect(taken + (result.count + 1) * Math.min(...prices)).toBeGreaterThan(perHour * (1 - 1e-6))
      },
    ),
    { numRuns: 1000, seed: 7 },
  )
})

describe("the best case", () => {
  const group = { group: "default", kept: [0.1, 0.2], more: 3, offers: [dear, cheap], leastMs: minute }
  const rows: readonly (readonly [string, Partial<ResolvedBudget>, number, typeof group, RegExp | undefined])[] = [
    ["fits to the cent", { perHour: 0.6 }, 0, group, undefined],
    ["is too dear", { perHour: 0.59 }, 0, group, /\$0.60 an hour at least \(3 × cheap at \$0.10\), above .* \$0.59/],
    [
      "leaves too little of the total",
      { total: 1 },
      0.996,
      group,
      /costs \$1.00 at least .* above budget.total \$1.00/,
    ],
    ["just leaves it", { total: 1 }, 0.995, group, undefined],
    ["is not known", { total: 1 }, 0, { ...group, offers: [unknown] }, /no offer for group default has a known price/],
    ["needs no price", { total: 1 }, 0, { ...group, more: 0, offers: [unknown] }, undefined],
    ["is allowed unseen", { total: 1, unpriced: "allow" }, 0, { ...group, offers: [unknown] }, undefined],
  ]
  test.each(rows)("%s", (_title, budget, committed, wish, words) => {
    const problem = bestCase(allowanceOf(budget), committed, [wish])
    if (words === undefined) expect(problem).toBeUndefined()
    else expect(problem).toMatch(words)
  })
})
