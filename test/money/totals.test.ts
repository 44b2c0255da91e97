/** Sums that are kept as bills change come to what all bills summed at once do. */
import { describe, expect, test } from "vitest"
import { type Bill, spendOf } from "../../src/money/bill.js"
import { Totals } from "../../src/money/totals.js"
import * as fc from "../support/property.js"

const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 0, 1)

const price = fc.option(fc.double({ min: 0, max: 50, noNaN: true }), { nil: undefined })

/** One bill of a few changes, after so long. */
const change = fc.record({
  afterMs: fc.constantFrom(0, 1, 5_000, 60_000, HOUR_MS),
  key: fc.integer({ min: 0, max: 5 }),
  kind: fc.constantFrom("open", "ended", "unstarted", "none"),
  group: fc.constantFrom("a", "b"),
  usdPerHour: price,
  agoMs: fc.integer({ min: 0, max: 3 * HOUR_MS }),
  ranMs: fc.integer({ min: 0, max: HOUR_MS }),
  leastMs: fc.constantFrom(0, 60_000, 600_000),
})

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function billAt(now: number, { kind, group, usdPerHour, agoMs, ranMs, leastMs }: Change): Bill | undefined {
  const bill = { group, usdPerHour, leastMs }
  if (kind === "none") return undefined
  if (kind === "unstarted") return bill
  const from = now - agoMs
  return kind === "open" ? { ...bill, from } : { ...bill, from, to: Math.min(now, from + ranMs) }
}

function replay(
  changes: readonly Change[],
  look: (totals: Totals<number>, bills: readonly Bill[], now: number) => void,
) {
  const totals = new Totals<number>()
  const bills = new Map<number, Bill>()
  let now = NOW
  for (const one of changes) {
    now += one.afterMs
    const bill = billAt(now, one)
    totals.set(one.key, bill, now)
    if (bill === undefined) bills.delete(one.key)
    else bills.set(one.key, bill)
    look(totals, [...bills.values()], now)
  }
}

describe("any bills that change in any order", () => {
  test("come to the same, by group as well, now and later", () => {
    const changes = fc.array(change, { maxLength: 25 })
    fc.assert(
      fc.property(changes, fc.boolean(), (all, isReadOften) => {
        let seen = 0
        replay(all, (totals, bills, now) => {
          seen += 1
          if (!isReadOften && seen < all.length) return
          const [own, { usd, byGroup, unpriced }] = [totals.at(now), spendOf(bills, now)]
          expect(own.usd).toBeCloseTo(usd, 8)
          expect(own.unpriced).toBe(unpriced)
          expect(Object.keys(own.byGroup).sort()).toEqual(Object.keys(byGroup).sort())
          for (const [group, part] of Object.entries(byGroup)) expect(own.byGroup[group]).toBeCloseTo(part, 8)
        })
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  test("reach a sum at the same moment as all of them do, where that is soon enough to matter", () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(changes, fc.double({ min: 0.001, max: 200, noNaN: true }), (all, usd) => {
        replay(all, (totals, bills, now) => {
          const untilMs = now + 5_000
          const at = totals.reachedAt(usd, now, untilMs)
          expect(at).toBeGreaterThanOrEqual(now)
          const isSoon = spendOf(bills, untilMs).usd >= usd * (1 + 1e-9)
          if (isSoon) expect(at).toBeLessThanOrEqual(untilMs)
          if (at > untilMs) return
          expect(spendOf(bills, Math.ceil(at)).usd).toBeGreaterThanOrEqual(usd * (1 - 1e-9))
          if (at > now + 1) expect(spendOf(bills, at - 1).usd).toBeLessThanOrEqual(usd * (1 + 1e-9))
        })
      }),
      { numRuns: 1000, seed: 7 },
    )
  })
})

test("what has come and gone a thousand times leaves nothing behind", () => {
  const totals = new Totals<number>()
  for (let round = 0; round < 1_000; round += 1) {
    const now = NOW + round * 1_000
    totals.set(0, { group: "a", usdPerHour: 0.1 + round / 7, from: now - 50, leastMs: 10 }, now)
    totals.set(0, undefined, now + 300)
  }
  const now = NOW + HOUR_MS
  expect(totals.at(now)).toEqual({ usd: 0, byGroup: {}, unpriced: 0 })
  expect(totals.reachedAt(1, now, now + 5_000)).toBe(Number.POSITIVE_INFINITY)
})
