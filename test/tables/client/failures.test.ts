import { expect, test } from "vitest"
import { shareOut } from "../../../src/client/failures.js"

const reasonOf = (code: string, weight: number) => ({
  reason: { reason: "capacity", scope: {}, ttlMs: 0, code, message: code } as const,
  weight,
})

test.each([
  ["one reason has all", 5, [1], ["a 5"]],
  ["equal weights, the first takes what is left over", 5, [1, 1], ["a 3", "b 2"]],
  ["fewer than there are reasons: the first ones", 2, [1, 1, 1], ["a 1", "b 1"]],
  ["by weight", 8, [3, 1], ["a 6", "b 2"]],
  ["the larger remainder comes first", 4, [1, 2], ["a 1", "b 3"]],
  ["nothing is missing", 0, [1, 1], []],
  ["no reason", 3, [], []],
])("what is missing is shared: %s", (_name, total, weights, expected) => {
  const reasons = weights.map((weight, index) => reasonOf("abc".charAt(index), weight))
  expect(shareOut(total, reasons).map(({ code, count }) => `${code} ${count}`)).toEqual(expected)
})
