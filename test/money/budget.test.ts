import { describe, expect, test } from "vitest"
import { SpecError } from "../../src/errors.js"
import { dollars } from "../../src/money/budget.js"
import { type ClusterSpec, resolveSpec } from "../../src/spec.js"

const resolve = (change: object) => resolveSpec({ provider: "local", ...change } as ClusterSpec)

describe("what a user may write", () => {
  const rows: readonly (readonly [string, unknown, object])[] = [
    ["an hourly limit", { perHour: 5 }, { perHour: 5, total: undefined, until: undefined, unpriced: "refuse" }],
    ["a total", { total: 0.01, unpriced: "allow" }, { total: 0.01, unpriced: "allow" }],
    ["a time with its zone", { until: "2026-03-01T18:00:00Z" }, { until: Date.UTC(2026, 2, 1, 18), unpriced: "allow" }],
    ["with an offset, without seconds", { until: "2026-03-01T18:00+02:00" }, { until: Date.UTC(2026, 2, 1, 16) }],
    ["a Date", { until: new Date(1e12) }, { until: 1e12 }],
  ]
  test.each(rows)("%s", (_title, budget, resolved) => {
    expect(resolve({ budget }).budget).toMatchObject(resolved)
  })

  test("none is no limit", () => {
    expect(resolve({}).budget).toMatchObject({ perHour: undefined, total: undefined, until: undefined })
    expect(resolve({}).maxWorkers).toBeUndefined()
    expect(resolve({ maxWorkers: 7 }).maxWorkers).toBe(7)
  })
})

describe("what is refused, by name and with what to do", () => {
  const rows: readonly (readonly [string, object, RegExp])[] = [
    ["nothing is limited", { budget: {} }, /cluster.budget: .*limits nothing; give perHour, total or until/],
    ["only prices", { budget: { unpriced: "allow" } }, /limits nothing/],
    ["no money", { budget: { perHour: 0 } }, /cluster.budget.perHour: is 0; use more than 0 USD/],
    ["endless money", { budget: { total: Number.POSITIVE_INFINITY } }, /cluster.budget.total: is Infinity/],
    ["money as text", { budget: { total: "5" } }, /cluster.budget.total: is "5"/],
    ["a time without a zone", { budget: { until: "2026-03-01T18:00:00" } }, /budget.until: .*use a time with its zone/],
    ["a day that is none", { budget: { until: "2026-02-30T18:00:00Z" } }, /budget.until: .*use a time with its zone/],
    ["a Date that is none", { budget: { until: new Date("never") } }, /budget.until: .*use a time with its zone/],
    ["a number for a time", { budget: { until: 1e12 } }, /budget.until: .*use a time with its zone/],
    ["a slip", { budget: { perhour: 5, total: 1 } }, /cluster.budget.perhour: unknown option .*"perHour"/],
    ["half a worker", { maxWorkers: 1.5 }, /cluster.maxWorkers: is 1.5; use a whole number/],
    ["none at all", { maxWorkers: 0 }, /cluster.maxWorkers: is 0; use 1 or more/],
  ]
  test.each(rows)("%s", (_title, change, words) => {
    expect(() => resolve(change)).toThrow(SpecError)
    expect(() => resolve(change)).toThrow(words)
  })
})

test("dollars", () => {
  const usd = [0, 12.3, 1234.567, 1, 0.5, 0.0175, 0.999, 0.000004, -2]
  expect(usd.map(dollars)).toEqual([
    "$0.00",
    "$12.30",
    "$1234.57",
    "$1.00",
    "$0.50",
    "$0.0175",
    "$0.999",
    "$0.000004",
    "$-2.00",
  ])
})
