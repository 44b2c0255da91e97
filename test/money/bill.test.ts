import * as fc from "../support/property.js"
import { describe, expect, test } from "vitest"
import { type Bill, billedMs, costOf, ranMs, spendOf } from "../../src/money/bill.js"

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 0, 1)

function bill(change: Partial<Bill> = {}): Bill {
  return { group: "default", usdPerHour: 3.6, from: NOW, leastMs: 0, ...change }
}

describe("one bill", () => {
  const rows: readonly (readonly [string, Bill, number, number, number])[] = [
    ["a second costs a thousandth of 3.60", bill(), 1000, 1000, 0.001],
    ["not before it ran", bill({ from: NOW + 5000 }), 4000, 0, 0],
    ["the least counts from the first moment", bill({ leastMs: 60_000 }), 0, 60_000, 0.06],
    ["and no more than it once that is over", bill({ leastMs: 60_000 }), 61_000, 61_000, 0.061],
    ["what ended early is billed the least too", bill({ leastMs: 60_000, to: NOW + 5000 }), HOUR_MS, 60_000, 0.06],
    ["nothing after its end", bill({ to: NOW + 90_000 }), HOUR_MS, 90_000, 0.09],
    ["an end before its beginning is no negative time", bill({ to: NOW - 1000 }), HOUR_MS, 0, 0],
  ]
  test.each(rows)("%s", (_title, one, afterMs, ms, usd) => {
    expect(billedMs(one, NOW + afterMs)).toBe(ms)
    expect(costOf(one, NOW + afterMs)).toBeCloseTo(usd, 12)
  })

  test("one that never ran costs nothing, one without a price is not known", () => {
    const { from: _from, ...unstarted } = bill()
    const { usdPerHour: _price, ...unpriced } = bill()
    expect([billedMs(unstarted, NOW + 5), ranMs(unstarted, NOW + 5), costOf(unstarted, NOW + 5)]).toEqual([0, 0, 0])
    expect(costOf(unpriced, NOW + HOUR_MS)).toBeUndefined()
    expect(spendOf([unpriced, bill()], NOW + HOUR_MS)).toEqual({
      usd: 3.6,
      byGroup: { default: 3.6 },
      perHour: 3.6,
      unpriced: 1,
    })
  })
})

const bills = fc.array(
  fc.record(
    {
      group: fc.constantFrom("a", "b"),
      usdPerHour: fc.double({ min: 0, max: 50, noNaN: true }),
      from: fc.integer({ min: -5 * HOUR_MS, max: HOUR_MS }).map((ms) => NOW + ms),
      to: fc.integer({ min: -5 * HOUR_MS, max: HOUR_MS }).map((ms) => NOW + ms),
      leastMs: fc.constantFrom(0, 60_000),
    },
    { requiredKeys: ["group", "leastMs"] },
  ),
  { maxLength: 12 },
)

describe("any bills", () => {
  test("never shrink, add up by group, and grow no faster than their prices and what is billed at least", () => {
    fc.assert(
      fc.property(bills, fc.integer({ min: 0, max: HOUR_MS }), fc.integer({ min: 0, max: HOUR_MS }), (all, a, b) => {
        const [early, late] = [spendOf(all, NOW + a), spendOf(all, NOW + a + b)]
        expect(late.usd).toBeGreaterThanOrEqual(early.usd)
        const sum = Object.values(late.byGroup).reduce((usd, part) => usd + part, 0)
        expect(sum).toBeCloseTo(late.usd, 8)
        const fastest = all.reduce((usd, one) => usd + ((b + one.leastMs) / HOUR_MS) * (one.usdPerHour ?? 0), 0)
        expect(late.usd - early.usd).toBeLessThanOrEqual(fastest + 1e-9)
      }),
      { numRuns: 500, seed: 7 },
    )
  })
})
